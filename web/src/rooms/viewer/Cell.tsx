/** One cell of the layout: takes a dropped series, shows it or says why it cannot. */
import { type DragEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Series } from '../../api/types'
import { Icon } from '../../brand/Icon'
import { MosaicPane } from '../../viewport/MosaicPane'
import { StackPane } from '../../viewport/StackPane'
import type { StackView } from '../../viewport/stack-view'
import classes from './Cell.module.css'
import { seriesIn, useRoom } from './context'
import { LAYERS } from './layers'
import { paneFor } from './panes'
import { StudyMark } from './priors/StudyMark'
import { draggedSeries } from './series-drag'
import { useCellGestures } from './use-cell-gestures'
import { useSeriesFrames } from './use-series-frames'
import { cellCount, type Placed } from './viewer-state'
import { holdsPictures, useWhyNot } from './why-not'

export type OnView = (cell: number, view: StackView | undefined) => void

interface CellProps {
  readonly number: number
  readonly placed: Placed | undefined
  readonly onView: OnView
}

export function Cell({ number, placed, onView }: CellProps) {
  const { t } = useTranslation()
  const { state, dispatch } = useRoom()
  const [over, setOver] = useState(false)
  const active = state.active === number
  const drop = (event: DragEvent) => {
    const dropped = draggedSeries(event)
    setOver(false)
    if (!dropped) return
    event.preventDefault()
    // It may come from another window, and be of a study that is not open here.
    dispatch({ type: 'open-study', studyInstanceUid: dropped.studyInstanceUid })
    dispatch({ type: 'place', placed: dropped, cell: number })
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys have their own way: N, [ and ]
    <section
      className={classes.cell}
      data-maximised={state.maximised === number}
      inert={state.maximised !== undefined && state.maximised !== number}
      aria-label={t('viewer.viewportLabel', { number: number + 1 })}
      data-active={active && cellCount(state.layout) > 1}
      data-over={over}
      data-cell={number}
      onPointerDownCapture={() => active || dispatch({ type: 'activate', cell: number })}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      {...useCellGestures(number)}
    >
      <StudyMark placed={placed}>
        <Content placed={placed} number={number} active={active} onView={onView} />
      </StudyMark>
    </section>
  )
}

interface ContentProps extends Pick<CellProps, 'number' | 'placed' | 'onView'> {
  readonly active: boolean
}

function Content({ placed, number, active, onView }: ContentProps) {
  const { t } = useTranslation()
  const series = seriesIn(useRoom(), placed)
  if (!placed || !series) return <div className={classes.empty}>{t('viewer.emptyCell')}</div>
  const pane = paneFor(series)
  if (pane) return <pane.Pane key={series.series_instance_uid} studyInstanceUid={placed.studyInstanceUid} series={series} active={active} />
  if (!series.drawable) return <CannotDraw series={series} />
  return <Drawn key={placed.mosaic ? 'mosaic' : 'stack'} placed={placed} number={number} series={series} onView={onView} />
}

interface DrawnProps extends Pick<CellProps, 'number' | 'onView'> {
  readonly placed: Placed
  readonly series: Series
}

function Drawn({ placed, number, series, onView }: DrawnProps) {
  const { t } = useTranslation()
  const frames = useSeriesFrames(placed.studyInstanceUid, series)
  const [report] = useState(() => (view: StackView | undefined) => onView(number, view))
  if (frames.failed) return <Message title={t('viewer.badFrame')} words={t('viewer.badFrameMissing')} icon="warning" />
  const stack = {
    viewportId: `cell-${number}`,
    stackKey: series.series_instance_uid,
    imageIds: frames.imageIds,
    whole: frames.whole,
    uneven: frames.uneven,
    arrivingCount: series.arriving ? series.instance_count : undefined,
    layers: LAYERS,
    onView: report,
  }
  return placed.mosaic ? <MosaicPane {...stack} {...placed.mosaic} /> : <StackPane {...stack} />
}

function CannotDraw({ series }: { readonly series: Series }) {
  const { t } = useTranslation()
  const why = useWhyNot()
  const title = holdsPictures(series) ? t('viewer.cannotDraw') : t('viewer.noPicture')
  return <Message title={title} words={why(series)} more={t('viewer.kept')} icon="document" />
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
