import { describe, expect, it } from 'vitest'

import { ageOn, readableDate, readableTime } from './dates'
import { passwordStrength } from './password-strength'
import { readableName } from './person-name'

describe('a person name', () => {
  it('reads family first, with the other script beside it', () => {
    expect(readableName('Zhang^XiaoDong=张^小东', 'en')).toEqual({ main: 'Zhang, XiaoDong', other: '张小东' })
    expect(readableName('Zhang^XiaoDong=张^小东', 'zh-CN')).toEqual({ main: '张小东', other: 'Zhang, XiaoDong' })
  })

  it('is recognised when ideographs stand in the first group', () => {
    expect(readableName('王^小明', 'en')?.main).toBe('王小明')
  })

  it('shows what would turn or hide it', () => {
    expect(readableName('Wang\u202eil^Xiao\u200bMing', 'en')?.main).toBe('Wang⟨U+202E⟩il, Xiao⟨U+200B⟩Ming')
    expect(readableName('王^小\u2066明', 'zh-CN')?.main).toBe('王小⟨U+2066⟩明')
  })

  it('may be missing', () => {
    expect(readableName('', 'en')).toBeUndefined()
    expect(readableName('^^', 'en')).toBeUndefined()
  })
})

describe('dates', () => {
  it('are shown as sent, or not at all', () => {
    expect(readableDate('20240305')).toBe('2024-03-05')
    expect(readableDate('2024')).toBeUndefined()
    expect(readableTime('143059.12')).toBe('14:30')
  })

  it('give an age in the unit that is usual', () => {
    expect(ageOn('20240301', '20240305')).toEqual({ unit: 'ageDays', count: 4 })
    expect(ageOn('20230106', '20240305')).toEqual({ unit: 'ageMonths', count: 13 })
    expect(ageOn('19700306', '20240305')).toEqual({ unit: 'ageYears', count: 53 })
    expect(ageOn('20250101', '20240305')).toBeUndefined()
  })
})

describe('the strength of a password', () => {
  it('sees through length without variety and through the commonest words', () => {
    expect(passwordStrength('short')).toBe('tooShort')
    expect(passwordStrength('aaaaaaaaaaaaaaaa')).toBe('weak')
    expect(passwordStrength('password123456')).toBe('weak')
    expect(passwordStrength('orchid lamp river nine')).toBe('strong')
  })

  it('does not count one’s own name', () => {
    const alone = passwordStrength('chenxiaoming77')
    expect(passwordStrength('chenxiaoming77', ['chen', 'xiaoming'])).not.toBe(alone)
  })
})
