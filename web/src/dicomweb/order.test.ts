import { describe, expect, it } from 'vitest'

import { aSlice } from './a-frame'
import { orderFrames } from './order'

const numbersOf = (frames: readonly { instanceNumber: number | undefined }[]) => frames.map((frame) => frame.instanceNumber)

describe('the order of frames', () => {
  it('follows the positions along the normal, whatever the instance numbers say', () => {
    const { frames, byPosition } = orderFrames([aSlice(1, 0), aSlice(2, 10), aSlice(3, 5), aSlice(4, 20)])
    expect(byPosition).toBe(true)
    expect(frames.map((frame) => frame.position?.[2])).toEqual([0, 5, 10, 20])
  })

  it('runs the way in which the instance numbers rise', () => {
    const { frames } = orderFrames([aSlice(1, 30), aSlice(2, 20), aSlice(3, 10)])
    expect(numbersOf(frames)).toEqual([1, 2, 3])
  })

  it('falls back to instance numbers when slices are not parallel', () => {
    const { frames, byPosition } = orderFrames([aSlice(3, 0), aSlice(1, 10, [1, 0, 0, 0, 0, -1]), aSlice(2, 5)])
    expect(byPosition).toBe(false)
    expect(numbersOf(frames)).toEqual([1, 2, 3])
  })

  it('falls back to instance numbers when two slices lie in one place', () => {
    expect(orderFrames([aSlice(1, 0), aSlice(2, 0), aSlice(3, 5)]).byPosition).toBe(false)
  })

  it('tells when the spacing is uneven, and not when it is merely rounded', () => {
    expect(orderFrames([aSlice(1, 0), aSlice(2, 2.5), aSlice(3, 7.5)]).uneven).toBe(true)
    expect(orderFrames([aSlice(1, 0), aSlice(2, 2.5), aSlice(3, 5.01)]).uneven).toBe(false)
  })
})
