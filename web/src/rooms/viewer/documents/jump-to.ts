/** From a document to an image: in a viewport that has it, else in a cell beside the document. */
import { answerWith, wantedImage } from '../../../viewport/jump'
import { indexOfImage, type WantedImage } from '../../../viewport/overlays/where'
import type { Room } from '../context'
import { cellCount, type Placed } from '../viewer-state'

/** The cell beside the active one; where there is only one, a second is made. */
function cellBeside({ state, dispatch }: Room): number {
  if (cellCount(state.layout) > 1) return state.active === 0 ? 1 : 0
  dispatch({ type: 'layout', layout: { rows: 1, columns: 2 } })
  return 1
}

/** series: where the document says the image is. Nothing happens when neither the image nor its series is in the room: see `canJump`. */
export function jumpTo(room: Room, wanted: WantedImage, series: Placed | undefined): void {
  wantedImage.set(wanted)
  for (const [cell, view] of room.views) {
    if (indexOfImage(view.stack(), wanted) >= 0) {
      room.dispatch({ type: 'activate', cell })
      answerWith(view)
      return
    }
  }
  if (series) room.dispatch({ type: 'place', placed: series, cell: cellBeside(room) })
}

/** The series of an image by what the document says of it, if it is open in this room and can be drawn. */
export function placedSeries(room: Room, seriesInstanceUid: string | undefined): Placed | undefined {
  for (const [studyInstanceUid, study] of room.studies) {
    const found = study.series.find((one) => one.series_instance_uid === seriesInstanceUid)
    if (found?.drawable) return { studyInstanceUid, seriesInstanceUid: found.series_instance_uid }
  }
  return undefined
}

export function canJump(room: Room, wanted: WantedImage, series: Placed | undefined): boolean {
  return series !== undefined || [...room.views.values()].some((view) => indexOfImage(view.stack(), wanted) >= 0)
}
