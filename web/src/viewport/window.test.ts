import { describe, expect, it } from 'vitest'

import { presetsFor } from './window'

describe('a window', () => {
  it('has presets in HU for CT only', () => {
    expect(presetsFor('CT').length).toBeGreaterThan(5)
    expect(presetsFor('MR')).toEqual([])
  })
})
