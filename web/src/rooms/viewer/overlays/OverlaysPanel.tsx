/** The overlays of the open studies: which are on, which parts of them, in which colours, and where they lie. */
import { useTranslation } from 'react-i18next'

import type { Series } from '../../../api/types'
import { isOverlay } from '../../../dicomweb/sop-classes'
import { useStore } from '../../../kit/store'
import { marked } from '../../../kit/marked'
import { changeOverlay, showOverlay, shownOverlays } from '../../../viewport/overlays/shown'
import { useRoom } from '../context'
import { useInstances } from '../documents/use-instances'
import { OverlayCard } from './OverlayCard'
import classes from './OverlaysPanel.module.css'

export function OverlaysPanel() {
  const { t } = useTranslation()
  const { studies } = useRoom()
  const found = [...studies].flatMap(([studyInstanceUid, study]) =>
    study.series.filter(({ first }) => isOverlay(first?.sop_class_uid)).map((series) => ({ studyInstanceUid, series })),
  )
  if (found.length === 0) return <p className={classes.quiet}>{t('objects.noOverlays')}</p>
  return (
    <div className={classes.list} data-testid="overlays">
      {found.map(({ studyInstanceUid, series }) => (
        <OverlaySeries key={series.series_instance_uid} studyInstanceUid={studyInstanceUid} series={series} />
      ))}
    </div>
  )
}

function OverlaySeries({ studyInstanceUid, series }: { readonly studyInstanceUid: string; readonly series: Series }) {
  const { t } = useTranslation()
  const { data: instances = [], isError } = useInstances(studyInstanceUid, series.series_instance_uid, series.instance_count)
  const title = marked(series.series_description ?? '') || t('viewer.seriesNumber', { number: series.series_number ?? '–' })
  return (
    <section>
      <h3 className={classes.title}>
        {title} <small>{series.modality}</small>
      </h3>
      {isError && <p role="alert">{t('viewer.badFrameMissing')}</p>}
      {instances
        .filter(({ sopClassUid }) => isOverlay(sopClassUid))
        .map(({ address }, index) => (
          <OverlayObject key={address} address={address} words={instances.length > 1 ? t('objects.oneOf', { index: index + 1, count: instances.length }) : title} />
        ))}
    </section>
  )
}

function OverlayObject({ address, words }: { readonly address: string; readonly words: string }) {
  const { t } = useTranslation()
  const overlay = useStore(shownOverlays).find((one) => one.address === address)
  const on = overlay?.visible ?? false
  return (
    <div className={classes.object} data-object={address}>
      <label className={classes.line}>
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => (event.target.checked ? void showOverlay(address) : changeOverlay(address, { visible: false }))}
        />
        <span>{overlay?.description?.label ? `${words} · ${marked(overlay.description.label)}` : words}</span>
      </label>
      {on && overlay?.phase === 'opening' && <p role="status">{t('viewer.loadingImage')}</p>}
      {on && overlay?.failure && (
        <p role="alert" className={classes.warn}>
          {t(`objects.failure.${overlay.failure}`)}{' '}
          <button type="button" onClick={() => void showOverlay(address)}>
            {t('common.retry')}
          </button>
        </p>
      )}
      {on && overlay?.description && <OverlayCard overlay={overlay} description={overlay.description} />}
    </div>
  )
}
