/** Opening a study beside the one of the room: which of its series, and into which cell. */
import { createStore, type Store } from '../../../kit/store'
import type { Room } from '../context'
import { choicesFor, type HungSeries } from '../hanging/arrange'
import { ruleFor } from '../hanging/by-example'
import type { SeriesFacts, StudyFacts } from '../hanging/facts'
import { cellCount, type Placed } from '../viewer-state'

/** The study that is on its way; it is placed when its series are known. */
export const onTheWay: Store<string | undefined> = createStore<string | undefined>(undefined)

export function openBeside({ dispatch }: Pick<Room, 'dispatch'>, studyInstanceUid: string): void {
  dispatch({ type: 'open-study', studyInstanceUid })
  onTheWay.set(studyInstanceUid)
}

export interface Alike {
  readonly series: SeriesFacts
  readonly sopInstanceUid: string | undefined
}

/**
 * The series of another study that is most like the one on screen: by projection or words first, by modality then, else its first
 * one with pictures. undefined where it has none.
 */
export function alike(current: StudyFacts, shown: Placed | undefined, other: StudyFacts): Alike | undefined {
  const series = current.series.find((one) => one.seriesInstanceUid === shown?.seriesInstanceUid)
  const rule = series && ruleFor(current, series, undefined)
  const rules = rule ? [rule, { ...rule, place: 1 }, { ...rule, description_words: [], view: null, place: 1 }] : []
  for (const each of rules) {
    const choice = each.place > 0 ? choicesFor(each, other)[each.place - 1] : undefined
    if (choice) return { series: choice.series, sopInstanceUid: choice.image?.sopInstanceUid }
  }
  const first = other.series.find((one) => one.drawable)
  return first && { series: first, sopInstanceUid: undefined }
}

/** One picture alone gets a neighbour; else the cell after the active one gives way. The active one stays. */
export function placeBeside({ state, dispatch }: Pick<Room, 'state' | 'dispatch'>, placed: Placed): number {
  const { active, cells } = state
  if (cellCount(state.layout) === 1) {
    dispatch({ type: 'hang', layout: { rows: 1, columns: 2 }, cells: [cells[active], placed], active: 0 })
    return 1
  }
  const cell = (active + 1) % cellCount(state.layout)
  dispatch({ type: 'place', placed, cell })
  dispatch({ type: 'activate', cell: active })
  return cell
}

/** How the neighbour is to be laid: as its file says, at the image that is like the one on screen. */
export function asStored(studyInstanceUid: string, { series, sopInstanceUid }: Alike): HungSeries {
  const plain = { window: null, invert: false, rotation: 0, flipHorizontal: false, flipVertical: false, chestWall: null } as const
  return { from: 'prior', studyInstanceUid, seriesInstanceUid: series.seriesInstanceUid, sopInstanceUid, ...plain }
}
