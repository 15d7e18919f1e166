/** What a viewport shows, for components. */
import { useCallback, useSyncExternalStore } from 'react'

import { subscribeAll } from '../kit/store'
import type { StackView } from './stack-view'
import { NOTHING, type ViewState } from './view-state'

const noSubscription = () => () => undefined

export function useViewState(view: StackView | undefined): ViewState {
  return useViewPart(view, (state) => state)
}

/**
 * One fact of it: the component is drawn again only when that fact is another one, not at every image that is scrolled past.
 * part: returns what `Object.is` can compare.
 */
export function useViewPart<T>(view: StackView | undefined, part: (state: ViewState) => T): T {
  return useSyncExternalStore(view?.state.subscribe ?? noSubscription, () => part(view?.state.get() ?? NOTHING))
}

/** Draws again when one of the stacks shows another series or more of it. */
export function useStacks(views: ReadonlyMap<number, StackView>): void {
  const subscribe = useCallback(
    (listener: () => void) =>
      subscribeAll(
        [...views.values()].map((view) => view.state),
        listener,
      ),
    [views],
  )
  useSyncExternalStore(subscribe, () => [...views.values()].map((view) => `${view.stack()[0]} ${view.stack().length}`).join('\n'))
}
