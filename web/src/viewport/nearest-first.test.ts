import { describe, expect, it } from 'vitest'

import { nearestFirst } from './nearest-first'

describe('the order of prefetching', () => {
  it('goes outwards, forward a little faster than back', () => {
    expect(nearestFirst(8, 3)).toEqual([3, 4, 2, 5, 6, 1, 7, 0])
  })

  it('holds every image once, from any start', () => {
    for (const start of [0, 4, 9]) expect([...nearestFirst(10, start)].sort((a, b) => a - b)).toEqual([...Array(10).keys()])
  })
})
