import { describe, expect, it } from 'vitest'

import { nameFields, withNameFields } from './name-fields'

describe('the fields of a person name', () => {
  it('are taken apart and put together again', () => {
    const fields = nameFields('Zhang^XiaoDong=张^小东')
    expect(fields).toEqual({ family: 'Zhang', given: 'XiaoDong', ideographicFamily: '张', ideographicGiven: '小东' })
    expect(withNameFields('', fields)).toBe('Zhang^XiaoDong=张^小东')
  })

  it('leave what they do not show as it was', () => {
    const name = 'Smith^John^Q^Dr^III==phonetic'
    expect(withNameFields(name, { ...nameFields(name), given: 'Jane' })).toBe('Smith^Jane^Q^Dr^III==phonetic')
  })

  it('have no delimiters and no empty ends', () => {
    const name = withNameFields(null, { family: 'A^B=C', given: '', ideographicFamily: '', ideographicGiven: '' })
    expect(name).toBe('A B C')
    expect(nameFields(undefined).family).toBe('')
  })
})
