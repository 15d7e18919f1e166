/** One cell of the layout: takes a dropped series, shows it or says why it cannot. */
import { type DragEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Series } from '../../api/types'
import { Icon } from '../../brand/Icon'
import { StackPane } from '../../viewport/StackPane'
import type { StackView } from '../../viewport/stack-view'
import classes from './Cell.module.css'
import { SERIES_DRAG } from './SeriesRail'
import { useSeriesFrames } from './use-series-frames'
import { useWhyNot } from './why-not'

interface CellProps {
  readonly studyInstanceUid: string
  readonly number: number
  readonly series: Series | undefined
  readonly active: boolean
  readonly alone: boolean
  readonly onActivate: (cell: number) => void
  readonly onPlace: (seriesInstanceUid: string, cell: number) => void
  readonly onView: (cell: number, view: StackView | undefined) => void
}

export function Cell({ studyInstanceUid, number, series, active, alone, onActivate, onPlace, onView }: CellProps) {
  const { t } = useTranslation()
  const [over, setOver] = useState(false)
  const drop = (event: DragEvent) => {
    const uid = event.dataTransfer.getData(SERIES_DRAG)
    setOver(false)
    if (!uid) return
    event.preventDefault()
    onPlace(uid, number)
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys have their own way: N, [ and ]
    <section
      className={classes.cell}
      aria-label={t('viewer.viewportLabel', { number: number + 1 })}
      data-active={active && !alone}
      data-over={over}
      data-cell={number}
      onPointerDownCapture={() => onActivate(number)}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Content studyInstanceUid={studyInstanceUid} number={number} series={series} onView={onView} />
    </section>
  )
}

function Content({ studyInstanceUid, number, series, onView }: Pick<CellProps, 'studyInstanceUid' | 'number' | 'series' | 'onView'>) {
  const { t } = useTranslation()
  if (!series) return <div className={classes.empty}>{t('viewer.emptyCell')}</div>
  if (!series.drawable) return <CannotDraw series={series} />
  return <Drawn studyInstanceUid={studyInstanceUid} number={number} series={series} onView={onView} />
}

function Drawn({ studyInstanceUid, number, series, onView }: Pick<CellProps, 'studyInstanceUid' | 'number' | 'onView'> & { readonly series: Series }) {
  const { t } = useTranslation()
  const frames = useSeriesFrames(studyInstanceUid, series)
  const [report] = useState(() => (view: StackView | undefined) => onView(number, view))
  if (frames.failed) return <Message title={t('viewer.badFrame')} words={t('viewer.badFrameMissing')} icon="warning" />
  return (
    <StackPane
      viewportId={`cell-${number}`}
      stackKey={series.series_instance_uid}
      imageIds={frames.imageIds}
      whole={frames.whole}
      uneven={frames.uneven}
      arrivingCount={series.arriving ? series.instance_count : undefined}
      onView={report}
    />
  )
}

function CannotDraw({ series }: { readonly series: Series }) {
  const { t } = useTranslation()
  const why = useWhyNot()
  return <Message title={t('viewer.cannotDraw')} words={why(series)} more={t('viewer.kept')} icon="document" />
}

interface MessageProps {
  readonly title: string
  readonly words: string
  readonly more?: string
  readonly icon: 'warning' | 'document'
}

function Message({ title, words, more, icon }: MessageProps) {
  return (
    <div className={classes.message} data-testid="cell-message">
      <Icon name={icon} size={36} />
      <strong>{title}</strong>
      <span>{words}</span>
      {more && <span>{more}</span>}
    </div>
  )
}
