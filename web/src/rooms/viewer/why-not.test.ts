import { describe, expect, it } from 'vitest'

import { holdsPictures, whyNot } from './why-not'

describe('why a series is no picture', () => {
  it('says what the object is, by its modality', () => {
    const of = (modality: string | null) => whyNot({ why_not: 'no-pixels', modality })
    expect(of('RTPLAN')).toBe('viewer.whyPlan')
    expect(of('PR')).toBe('viewer.whyPresentation')
    expect(of('RWV')).toBe('viewer.whyValueMap')
    expect(of('RTSTRUCT')).toBe('viewer.whySegmentation')
    expect(of('SR')).toBe('viewer.whyReport')
    expect(of('CR')).toBe('viewer.whyNoPixels')
    expect(of('toString')).toBe('viewer.whyNoPixels')
    expect(of(null)).toBe('viewer.whyNoPixels')
  })

  it('says the reason where there is a picture', () => {
    expect(whyNot({ why_not: 'unsupported-syntax', modality: 'PR' })).toBe('viewer.whySyntax')
    expect(whyNot({ why_not: 'overlay', modality: 'SEG' })).toBe('viewer.whySegmentation')
    expect(whyNot({ why_not: 'something-new', modality: 'CT' })).toBe('viewer.whyOther')
  })

  it('is counted in images only where there is one', () => {
    expect(holdsPictures({ drawable: true, why_not: null })).toBe(true)
    expect(holdsPictures({ drawable: false, why_not: 'video' })).toBe(true)
    expect(holdsPictures({ drawable: false, why_not: 'unsupported-syntax' })).toBe(true)
    expect(holdsPictures({ drawable: false, why_not: 'overlay' })).toBe(false)
    expect(holdsPictures({ drawable: false, why_not: 'no-pixels' })).toBe(false)
  })
})
