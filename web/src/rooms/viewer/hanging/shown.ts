/** What hangs on the screen right now, as facts to keep. */
import { keyOf } from '../../../dicomweb/addresses'
import type { StackView } from '../../../viewport/stack-view'
import type { Room } from '../context'
import { linkMode } from '../seeing/links'
import { shownCells } from '../viewer-state'
import type { Shown, ShownCell } from './by-example'
import { hung } from './hung'
import { chestWallOf } from './lay'

const RIGHT_ANGLES = [0, 90, 180, 270] as const

function cellOf(view: StackView | undefined, seriesInstanceUid: string, from: ShownCell['from']): ShownCell {
  const shown = view?.presentation()
  const { centre, width, windowChosen = false, invert = false, rotation = 0, flipH = false, flipV = false, imageId } = shown ?? {}
  return {
    from,
    seriesInstanceUid,
    sopInstanceUid: imageId === undefined ? undefined : keyOf(imageId).sopInstanceUid,
    window: windowChosen && centre !== undefined && width !== undefined ? { centre, width } : null,
    invert,
    rotation: RIGHT_ANGLES.find((angle) => Math.abs(angle - rotation) < 1) ?? 0,
    flipHorizontal: flipH,
    flipVertical: flipV,
    chestWall: view ? chestWallOf(view) : null,
  }
}

/** undefined while the study is not known. A study beside that is not "the prior" of protocols is left out. */
export function shownNow({ state, views, studyInstanceUid }: Room, name: string): Shown | undefined {
  const { occasion, priorUid } = hung.get()
  if (!occasion) return undefined
  const cells = shownCells(state).map((cell, index) => {
    if (cell?.studyInstanceUid === studyInstanceUid) return cellOf(views.get(index), cell.seriesInstanceUid, 'current')
    return cell && cell.studyInstanceUid === priorUid ? cellOf(views.get(index), cell.seriesInstanceUid, 'prior') : undefined
  })
  const { rows, columns } = state.layout
  return { name, rows, columns, cells, current: occasion.current, prior: occasion.prior, linkedScroll: linkMode.get() !== 'off' }
}
