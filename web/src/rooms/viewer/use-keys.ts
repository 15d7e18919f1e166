/** Keys act unless something else has them: a field, a menu, a sheet. */
import { useEffect } from 'react'

import { wasOnSheet } from '../../kit/sheets'
import type { Room } from './context'
import { keyOf } from './keys'
import { commandOf } from './shortcuts'

export function useKeys(room: Room): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : document.body
      if (wasOnSheet(event) || target.closest('input, textarea, select')) return
      if ((event.key === ' ' || event.key === 'Enter') && target.closest('button, a')) return
      // What a layer or a panel has taken for itself; Ctrl+Z and the like stay with the room.
      if (target.closest('[data-takes-keys]') && !event.ctrlKey && !event.metaKey) return
      const key = keyOf(event)
      const command = key === undefined ? undefined : commandOf(key)
      if (!command || command.enabled?.(room) === false) return
      command.run(room)
      event.preventDefault()
    }
    // Before cornerstone, which takes every key that a viewport gets.
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  }, [room])
}
