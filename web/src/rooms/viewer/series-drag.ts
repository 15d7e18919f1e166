/** A series on its way from the rail to a cell. */
import type { DragEvent } from 'react'

import type { Placed } from './viewer-state'

const SERIES_DRAG = 'application/x-isocenter-series'

export function dragSeries(event: DragEvent, { studyInstanceUid, seriesInstanceUid }: Placed): void {
  event.dataTransfer.setData(SERIES_DRAG, `${studyInstanceUid}/${seriesInstanceUid}`)
  event.dataTransfer.effectAllowed = 'copy'
}

export function draggedSeries(event: DragEvent): Placed | undefined {
  const [studyInstanceUid, seriesInstanceUid] = event.dataTransfer.getData(SERIES_DRAG).split('/')
  return studyInstanceUid && seriesInstanceUid ? { studyInstanceUid, seriesInstanceUid } : undefined
}
