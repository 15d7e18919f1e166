/** How the study of the room hangs: what fits it, what was chosen, and what is still to be laid on the viewports. */
import { createStore, type Store } from '../../../kit/store'
import type { Room } from '../context'
import { linkMode } from '../seeing/links'
import { arrange, type HungSeries } from './arrange'
import type { Hanging, Occasion } from './match'

export interface Hung {
  readonly studyInstanceUid: string | undefined
  /** undefined until the study is known. */
  readonly occasion: Occasion | undefined
  /** The study that hanging protocols mean by "prior". */
  readonly priorUid: string | undefined
  readonly fitting: readonly Hanging[]
  readonly chosen: string | undefined
  /** Chosen, and waiting for the study it compares with. */
  readonly awaited: Hanging | undefined
  /** What each cell is to look like, once its image is there. Another array: another hanging. */
  readonly laying: readonly (HungSeries | undefined)[]
}

const NOTHING: Hung = {
  studyInstanceUid: undefined,
  occasion: undefined,
  priorUid: undefined,
  fitting: [],
  chosen: undefined,
  awaited: undefined,
  laying: [],
}

export const hung: Store<Hung> = createStore<Hung>(NOTHING)

/** For another study. */
export function unhang(): void {
  hung.set(NOTHING)
}

export function comparesWithPrior({ document }: Hanging): boolean {
  return document.cells.some((cell) => cell?.from === 'prior')
}

/** alone: only the first cell is on the screen, the others wait behind it (on a phone). */
export function hang({ dispatch }: Pick<Room, 'dispatch'>, hanging: Hanging, alone = false): void {
  const { occasion, priorUid } = hung.get()
  if (!occasion) return
  if (comparesWithPrior(hanging) && !occasion.prior && priorUid !== undefined) {
    hung.set((now) => ({ ...now, chosen: hanging.id, awaited: hanging }))
    dispatch({ type: 'open-study', studyInstanceUid: priorUid })
    return
  }
  const { rows, columns, cells } = arrange(hanging.document, occasion)
  hung.set((now) => ({ ...now, chosen: hanging.id, awaited: undefined, laying: cells }))
  // What is built in leaves linking as the reader has set it.
  if (hanging.scope !== 'built-in' && hanging.document.linked_scroll !== (linkMode.get() !== 'off')) {
    linkMode.set(hanging.document.linked_scroll ? 'place' : 'off')
  }
  dispatch({ type: 'hang', layout: alone ? { rows: 1, columns: 1 } : { rows, columns }, cells })
}

/** The next way that fits, or the one before; round the ends. */
export function hangAnother(room: Pick<Room, 'dispatch'>, step: 1 | -1): void {
  const { fitting, chosen } = hung.get()
  const at = fitting.findIndex(({ id }) => id === chosen)
  const next = fitting[(at + step + fitting.length) % fitting.length]
  if (next) hang(room, next)
}
