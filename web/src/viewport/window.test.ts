import { describe, expect, it } from 'vitest'

import { presetsFor, rangeOf, windowOf } from './window'

describe('a window', () => {
  it('becomes the range of PS3.3 C.11.2.1.2.1 and comes back', () => {
    const range = rangeOf({ centre: 40, width: 400 })
    expect(range).toEqual({ lower: -160, upper: 239 })
    expect(windowOf(range)).toEqual({ centre: 40, width: 400 })
  })

  it('is taken exactly by LINEAR_EXACT', () => {
    expect(rangeOf({ centre: 0.5, width: 1 }, 'LINEAR_EXACT')).toEqual({ lower: 0, upper: 1 })
  })

  it('has presets in HU for CT only', () => {
    expect(presetsFor('CT').length).toBeGreaterThan(5)
    expect(presetsFor('MR')).toEqual([])
  })
})
