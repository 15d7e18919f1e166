/** Changes of a picture and of the room, remembered so that they can be undone. */
import { looksAlike, type Presentation } from '../../viewport/presentation'
import type { StackView } from '../../viewport/stack-view'
import type { Room } from './context'
import type { History } from './history'
import { type Placed, sameCells, type ViewerAction, viewerReducer, type ViewerState } from './viewer-state'

/** What a view showed: a step made on one stack is not laid upon another. */
function stackOf(view: StackView): string | undefined {
  return view.stack()[0]
}

/** Remembers how the view looked before, if it looks different now. */
export function remember(history: History, view: StackView, before: Presentation | undefined, merge?: string): void {
  const after = view.presentation()
  if (!before || !after || looksAlike(before, after)) return
  const stack = stackOf(view)
  const lay = (wanted: Presentation) => () => {
    if (stackOf(view) !== stack || !view.presentation()) return false
    // Where the reader is in the stack stays: only how it looks is taken back.
    void view.apply({ ...wanted, index: undefined, imageId: undefined })
    return true
  }
  history.did({ merge: merge === undefined ? undefined : `${view.id} ${merge}`, undo: lay(before), redo: lay(after) })
}

/** Runs a change of the active picture and remembers it. merge: presses of the same kind within a moment are one step. */
export function changing({ view, history }: Pick<Room, 'view' | 'history'>, change: (view: StackView) => void, merge?: string): void {
  if (!view) return
  const before = view.presentation()
  change(view)
  remember(history, view, before, merge)
}

const REMEMBERED: ReadonlySet<ViewerAction['type']> = new Set(['layout', 'place', 'hang', 'mosaic'])

/** Remembers what an action changes in the layout and the cells. */
export function rememberAction(history: History, state: ViewerState, action: ViewerAction, dispatch: (action: ViewerAction) => void): void {
  if (!REMEMBERED.has(action.type)) return
  const next = viewerReducer(state, action)
  if (sameCells(state, next)) return
  const back = (wanted: ViewerState) => () => dispatch({ type: 'restore', layout: wanted.layout, cells: wanted.cells as readonly (Placed | undefined)[], active: wanted.active })
  history.did({ undo: back(state), redo: back(next) })
}
