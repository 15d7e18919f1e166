import { describe, expect, it } from 'vitest'

import { aDataSet } from './a-frame'
import { durationsOf, imageAt, rateOf, reelOf, startAt, wishesOf } from './film-timing'
import { describeFrame } from './frame'

function film(count: number, elements: Parameters<typeof aDataSet>[0]) {
  const dataSet = aDataSet({ '00280008': ['IS', count], ...elements })
  return Array.from({ length: count }, (_, at) => describeFrame(dataSet, at + 1))
}

describe('the time of each image', () => {
  it('is the frame time, or the recommended rate before it, or the cine rate after it', () => {
    expect(durationsOf(film(2, { '00181063': ['DS', 40] }))).toEqual([40, 40])
    expect(durationsOf(film(1, { '00181063': ['DS', 40], '00082144': ['IS', 10] }))).toEqual([100])
    expect(durationsOf(film(1, { '00180040': ['IS', 50] }))).toEqual([20])
    expect(durationsOf([undefined])).toEqual([1000 / 15])
  })

  it('follows the vector: each value is the way from the frame before', () => {
    expect(durationsOf(film(4, { '00181065': ['DS', 0, 30, 60, 90] }))).toEqual([30, 60, 90, 60])
    expect(rateOf([30, 60, 90, 60])).toBeCloseTo(16.667, 2)
  })

  it('is what the file wishes: sweeping, and between its trims', () => {
    const wishes = (elements: Parameters<typeof aDataSet>[0]) => film(9, elements).slice(0, 1).map(wishesOf)
    expect(wishes({ '00181244': ['US', 1], '00082142': ['IS', 3], '00082143': ['IS', 7] })).toEqual([{ mode: 'bounce', first: 2, last: 6 }])
    expect(wishes({ '00082142': ['IS', 8], '00082143': ['IS', 3] })).toEqual([{ mode: 'loop', first: 0, last: 8 }])
  })
})

describe('a reel', () => {
  const durations = [30, 60, 90, 60]
  const natural = { durations, first: 0, last: 3, rate: rateOf(durations) }

  it('shows each image in its time, again and again', () => {
    const reel = reelOf({ ...natural, mode: 'loop' })
    expect([0, 29, 31, 89, 91, 179, 181, 241].map((ms) => imageAt(reel, ms))).toEqual([0, 0, 1, 1, 2, 2, 3, 0])
    expect(startAt(reel, 2)).toBe(90)
  })

  it('sweeps there and back without standing at the ends, and stops after once', () => {
    const bounce = reelOf({ ...natural, durations: [10, 10, 10, 10], rate: 100, mode: 'bounce' })
    expect([0, 10, 20, 30, 40, 50, 60].map((ms) => imageAt(bounce, ms))).toEqual([0, 1, 2, 3, 2, 1, 0])
    const once = reelOf({ ...natural, mode: 'once' })
    expect([239, 241].map((ms) => imageAt(once, ms))).toEqual([3, undefined])
  })

  it('keeps the proportions at another rate, within its range', () => {
    const reel = reelOf({ durations, first: 1, last: 2, mode: 'loop', rate: 2 * rateOf([60, 90]) })
    expect(reel.lengthMs).toBeCloseTo(75, 6)
    expect([0, 29, 31].map((ms) => imageAt(reel, ms))).toEqual([1, 1, 2])
  })
})
