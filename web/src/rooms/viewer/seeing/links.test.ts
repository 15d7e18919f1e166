import { describe, expect, it } from 'vitest'

import { aDataSet } from '../../../dicomweb/a-frame'
import { describeFrame } from '../../../dicomweb/frame'
import { followerAt, followerByOffset } from './links'

const stack = (heights: readonly number[], frameOfReference = '1.2.9', orientation = [1, 0, 0, 0, 1, 0]) =>
  heights.map((z) =>
    describeFrame(aDataSet({ '00200032': ['DS', 0, 0, z], '00200037': ['DS', ...orientation], '00200052': ['UI', frameOfReference] }), 1),
  )

describe('linked scrolling', () => {
  it('goes to the nearest slice within half a gap, in the same frame of reference', () => {
    const thin = stack([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(followerAt(stack([5])[0], thin)).toBe(5)
    expect(followerAt(thin[3], stack([0, 5, 10]))).toBe(1)
  })

  it('never shows a neighbour for a slice that is not there, and says why it stays', () => {
    expect(followerAt(stack([30])[0], stack([0, 5, 10]))).toBe('no-slice')
    expect(followerAt(stack([5])[0], stack([0, 5, 10], '1.2.8'))).toBe('elsewhere')
    expect(followerAt(stack([5])[0], stack([0, 5], '1.2.9', [1, 0, 0, 0, 0, -1]))).toBe('across')
  })

  it('keeps an offset in mm between examinations, whichever end they count from', () => {
    const before = stack([100, 95, 90, 85, 80], '1.2.8')
    // 0 mm here was set beside 90 mm there: 10 mm on is 100 mm there.
    expect(followerByOffset(stack([0, 10, 20]), 1, before, { from: 0, to: 2 })).toBe(0)
    expect(followerByOffset(stack([0, 10, 20]), 2, before, { from: 0, to: 2 })).toBe('no-slice')
  })

  it('keeps an offset in images where nothing is known of the place', () => {
    const film = [undefined, undefined, undefined]
    expect(followerByOffset(film, 2, film, { from: 1, to: 0 })).toBe(1)
    expect(followerByOffset(film, 2, film, { from: 0, to: 2 })).toBe('no-slice')
  })
})
