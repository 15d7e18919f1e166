import { describe, expect, it } from 'vitest'

import { holdsImages } from './words'

describe('what a study is counted in', () => {
  it('is objects where nothing in it is an image', () => {
    expect(holdsImages(['SR'])).toBe(false)
    expect(holdsImages(['KO', 'PR'])).toBe(false)
    expect(holdsImages(['RWV'])).toBe(false)
    expect(holdsImages(['CT', 'SR'])).toBe(true)
    expect(holdsImages([])).toBe(true)
  })
})
