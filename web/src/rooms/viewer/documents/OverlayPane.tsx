/** A series that belongs on other images: says so, and puts it there. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../../brand/Icon'
import { wantedParts } from '../../../viewport/jump'
import { showOverlay, shownOverlays } from '../../../viewport/overlays/shown'
import { useRoom } from '../context'
import type { DocumentPaneProps } from '../panes'
import { seriesUnder } from '../overlays/series-under'
import classes from './OverlayPane.module.css'
import { useInstances } from './use-instances'

export function OverlayPane({ studyInstanceUid, series }: DocumentPaneProps) {
  const { t } = useTranslation()
  const room = useRoom()
  const { data: instances } = useInstances(studyInstanceUid, series.series_instance_uid, series.instance_count)
  const [failed, setFailed] = useState(false)
  const show = async () => {
    room.openPanel('overlays')
    for (const { address } of instances ?? []) await showOverlay(address)
    const description = shownOverlays.get().find(({ address }) => address === instances?.[0]?.address)?.description
    const target = description && (await seriesUnder(room, description))
    setFailed(target === undefined)
    if (!target) return
    wantedParts.set(description.parts)
    room.dispatch({ type: 'place', placed: target })
  }
  return (
    <div className={classes.message} data-testid="cell-message">
      <Icon name="layers" size={36} />
      <strong>{t('objects.belongsOn')}</strong>
      <span>{t('viewer.whySegmentation')}</span>
      <button type="button" className={classes.button} disabled={!instances} onClick={() => void show()}>
        {t('objects.showOnImages')}
      </button>
      {failed && <span role="alert">{t('objects.imagesNotHere')}</span>}
    </div>
  )
}
