/** The light we work in: a light office for lists and forms, a dark reading room for images. */
import { useLayoutEffect } from 'react'

import { createStore } from './kit/store'

export const room = createStore<'office' | 'reading'>('office')

/** Darkens the room while the calling component is on screen. */
export function useReadingRoom(): void {
  useLayoutEffect(() => {
    room.set('reading')
    return () => room.set('office')
  }, [])
}
