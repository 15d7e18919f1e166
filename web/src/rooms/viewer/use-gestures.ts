/** What a drag, a pinch or a drag of three fingers changed is one step of the history. */
import { useEffect, useRef } from 'react'

import type { Presentation } from '../../viewport/presentation'
import type { StackView } from '../../viewport/stack-view'
import type { Room } from './context'
import { remember } from './view-changes'

interface Begun {
  readonly view: StackView
  readonly before: Presentation | undefined
}

export function useGestures({ views, history }: Pick<Room, 'views' | 'history'>): void {
  const now = useRef(views)
  useEffect(() => {
    now.current = views
  }, [views])
  useEffect(() => {
    const held = new Set<number>()
    let begun: Begun | undefined
    const onDown = (event: PointerEvent) => {
      held.add(event.pointerId)
      const view = held.size === 1 ? viewAt(event.target, now.current) : undefined
      if (view) begun = { view, before: view.presentation() }
    }
    const onUp = (event: PointerEvent) => {
      held.delete(event.pointerId)
      if (held.size > 0 || !begun) return
      const { view, before } = begun
      begun = undefined
      // The tools have their turn first.
      history.soon(() => remember(history, view, before))
    }
    const options = { capture: true }
    document.addEventListener('pointerdown', onDown, options)
    for (const name of ['pointerup', 'pointercancel'] as const) document.addEventListener(name, onUp, options)
    return () => {
      document.removeEventListener('pointerdown', onDown, options)
      for (const name of ['pointerup', 'pointercancel'] as const) document.removeEventListener(name, onUp, options)
    }
  }, [history])
}

/** The stack under a pointer. */
function viewAt(target: EventTarget | null, views: ReadonlyMap<number, StackView>): StackView | undefined {
  const id = target instanceof Element ? target.closest('[data-viewport]')?.getAttribute('data-viewport') : undefined
  return [...views.values()].find((view) => view.id === id)
}
