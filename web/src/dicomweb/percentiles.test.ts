import { describe, expect, it } from 'vitest'

import { partBetween, usualRange } from './percentiles'

const scale = { slope: 2, intercept: -10, step: 1, padding: undefined }
const ramp = Float32Array.from({ length: 10_000 }, (_, at) => at)

describe('a window from the values', () => {
  it('lies between the first and the ninety-ninth hundredth, in modality values', () => {
    const whole = usualRange(ramp, 100, scale, { left: 0, top: 0, right: 100, bottom: 100 })
    expect(whole).toEqual({ lower: 2 * 100 - 10, upper: 2 * 9899 - 10 })
  })

  it('looks at the rectangle alone, and not at what is no image', () => {
    const part = { left: 10, top: 0, right: 13, bottom: 1 }
    expect(usualRange(ramp, 100, scale, part)).toEqual({ lower: 10, upper: 14 })
    expect(usualRange(ramp, 100, { ...scale, padding: [9.5, 10.5] }, part)).toEqual({ lower: 12, upper: 14 })
    expect(usualRange(ramp, 100, { ...scale, padding: [0, 20_000] }, part)).toBeUndefined()
    expect(usualRange(ramp, 100, scale, { left: 5, top: 5, right: 5, bottom: 9 })).toBeUndefined()
  })

  it('takes corners in any order, cut at the edges of the image', () => {
    expect(partBetween([12.2, -3], [9.5, 4.1], 12, 10)).toEqual({ left: 9, top: 0, right: 12, bottom: 5 })
  })
})
