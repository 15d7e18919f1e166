/** Changes of a picture, remembered so that they can be undone. */
import { looksAlike, type Presentation } from '../../viewport/presentation'
import type { StackView } from '../../viewport/stack-view'
import type { Room } from './context'
import type { History } from './history'

/** Remembers how the view looked before, if it looks different now. */
export function remember(history: History, view: StackView, before: Presentation | undefined, merge?: string): void {
  const after = view.presentation()
  if (!before || !after || looksAlike(before, after)) return
  history.did({
    merge: merge === undefined ? undefined : `${view.id} ${merge}`,
    undo: () => void view.apply({ ...before, index: view.state.get().index, imageId: undefined }),
    redo: () => void view.apply({ ...after, index: view.state.get().index, imageId: undefined }),
  })
}

/** Runs a change of the active picture and remembers it. merge: presses of the same kind within a moment are one step. */
export function changing({ view, history }: Pick<Room, 'view' | 'history'>, change: (view: StackView) => void, merge?: string): void {
  if (!view) return
  const before = view.presentation()
  change(view)
  remember(history, view, before, merge)
}
