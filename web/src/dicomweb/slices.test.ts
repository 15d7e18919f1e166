import { describe, expect, it } from 'vitest'

import { aDataSet, aSlice } from './a-frame'
import { describeFrame } from './frame'
import { gapsOf, tiltOf } from './slices'

const slices = (heights: readonly number[], numbers?: readonly number[]) => heights.map((z, at) => aSlice(numbers?.[at] ?? at + 1, z))
const sheared = (byMm: number) =>
  [0, 5, 10].map((z) =>
    describeFrame(aDataSet({ '00200032': ['DS', 0, byMm * z, z], '00200037': ['DS', 1, 0, 0, 0, 1, 0] }), 1),
  )

describe('a stack', () => {
  it('tells where slices are missing, how many, and how wide the gap is', () => {
    const gaps = gapsOf(slices([0, 2.5, 5, 12.5, 15, 17.5], [1, 2, 3, 6, 7, 8]))
    expect(gaps).toEqual([{ after: 2, mm: 7.5, usualMm: 2.5, missing: 2 }])
  })

  it('says of a long step over which the numbers go on that it is a step', () => {
    expect(gapsOf(slices([0, 2, 4, 6, 8, 12]))).toEqual([{ after: 4, mm: 4, usualMm: 2, missing: undefined }])
  })

  it('has no gaps where the spacing is even, just uneven, or not known', () => {
    expect(gapsOf(slices([0, 2.5, 5.01, 7.5]))).toEqual([])
    expect(gapsOf(slices([0, 1, 2, 3, 6, 9, 12]))).toEqual([])
    expect(gapsOf([1, 2, 3, 9].map(() => describeFrame(aDataSet(), 1)))).toEqual([])
  })

  it('is tilted when it goes another way than its normal', () => {
    expect(tiltOf(sheared(Math.tan(Math.PI / 12)))).toBeCloseTo(15, 6)
    expect(tiltOf(slices([0, 5, 10]))).toBeUndefined()
    expect(tiltOf(slices([0, 0]))).toBeUndefined()
  })
})
