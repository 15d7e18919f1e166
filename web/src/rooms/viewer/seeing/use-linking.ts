/** Scrolling in one viewport takes the others along. */
import { useEffect } from 'react'

import type { Room } from '../context'
import { takeAlong, unlinked, wasSent } from './links'

export function useLinking({ views }: Pick<Room, 'views'>): void {
  useEffect(() => {
    unlinked.set(new Map())
    const all = [...views.values()]
    const ends = all.map((view) => {
      let last = view.state.get().index
      return view.onChange(() => {
        const { index } = view.state.get()
        if (index === last) return
        const before = last
        last = index
        if (!wasSent(view, index)) takeAlong(view, before, all)
      })
    })
    return () => ends.forEach((end) => end())
  }, [views])
}
