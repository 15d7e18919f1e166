/** The series of the study as pictures: click or drag one to a viewport. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Series } from '../../api/types'
import { Icon } from '../../brand/Icon'
import { seriesAddress } from '../../dicomweb/addresses'
import { marked } from '../../kit/marked'
import { dragSeries } from './series-drag'
import classes from './SeriesRail.module.css'
import { holdsPictures } from './why-not'

interface SeriesRailProps {
  readonly studyInstanceUid: string
  readonly series: readonly Series[]
  readonly shown: readonly (string | undefined)[]
  readonly active: string | undefined
  readonly onChoose: (seriesInstanceUid: string) => void
}

export function SeriesRail({ studyInstanceUid, series, shown, active, onChoose }: SeriesRailProps) {
  const { t } = useTranslation()
  return (
    <nav className={classes.rail} aria-label={t('viewer.seriesList')}>
      <ul className={classes.list}>
        {series.map((one) => (
          <li key={one.series_instance_uid}>
            <Thumbnail
              studyInstanceUid={studyInstanceUid}
              series={one}
              shown={shown.includes(one.series_instance_uid)}
              active={one.series_instance_uid === active}
              onChoose={onChoose}
            />
          </li>
        ))}
      </ul>
    </nav>
  )
}

interface ThumbnailProps {
  readonly studyInstanceUid: string
  readonly series: Series
  readonly shown: boolean
  readonly active: boolean
  readonly onChoose: (seriesInstanceUid: string) => void
}

function Thumbnail({ studyInstanceUid, series, shown, active, onChoose }: ThumbnailProps) {
  const { t } = useTranslation()
  const uid = series.series_instance_uid
  const number = series.series_number
  const title = marked(series.series_description ?? '') || (number === null ? t('viewer.seriesUnnumbered') : t('viewer.seriesNumber', { number }))
  const counted = holdsPictures(series)
    ? t('list.images', { count: series.frame_count || series.instance_count })
    : t('list.objects', { count: series.instance_count })
  return (
    <button
      type="button"
      className={classes.thumbnail}
      draggable
      onDragStart={(event) => dragSeries(event, { studyInstanceUid, seriesInstanceUid: uid })}
      onClick={() => onChoose(uid)}
      data-shown={shown}
      data-series={uid}
      aria-current={active}
    >
      <Picture address={`${seriesAddress({ studyInstanceUid, seriesInstanceUid: uid })}/thumbnail`} drawable={series.drawable} />
      <span className={classes.words}>
        <span className={classes.title}>{title}</span>
        <span className={classes.facts}>
          <span>{[series.modality, number === null ? undefined : `#${number}`].filter(Boolean).join(' ')}</span>
          <span data-arriving={series.arriving}>{counted}</span>
        </span>
      </span>
    </button>
  )
}

function Picture({ address, drawable }: { readonly address: string; readonly drawable: boolean }) {
  const [failed, setFailed] = useState(false)
  if (!drawable || failed) {
    return (
      <span className={classes.picture}>
        <Icon name="document" size={28} />
      </span>
    )
  }
  return (
    <span className={classes.picture}>
      <img src={address} alt="" loading="lazy" decoding="async" draggable={false} onError={() => setFailed(true)} />
    </span>
  )
}
