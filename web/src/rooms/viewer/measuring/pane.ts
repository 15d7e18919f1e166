/** How large the pane of a stack is on the screen. */
import type { StackView } from '../../../viewport/stack-view'
import type { Pane } from './saved-views'

export function paneOf(view: StackView): Pane {
  const element = document.querySelector(`[data-viewport="${CSS.escape(view.id)}"]`)
  const { width, height } = element?.getBoundingClientRect() ?? { width: 1, height: 1 }
  const zoom = view.presentation()?.zoom ?? 1
  return { width, height, fitting: view.state.get().zoom / zoom }
}
