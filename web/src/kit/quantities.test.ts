import { describe, expect, it } from 'vitest'

import { readableBytes, readableCount, readableSpan } from './quantities'

describe('amounts', () => {
  it.each([
    [0, '0 byte'],
    [999, '999 byte'],
    [1000, '1 kB'],
    [1_540_000_000_000, '1.5 TB'],
    [123_456_789, '123 MB'],
    [5e18, '5,000 PB'],
  ])('%d bytes', (bytes, said) => expect(readableBytes(bytes, 'en')).toBe(said))

  it.each([
    [0.4, '0 sec'],
    [59.9, '59 sec'],
    [60, '1 min'],
    [7300, '2 hr'],
    [200_000, '2 days'],
  ])('%d seconds', (seconds, said) => expect(readableSpan(seconds, 'en')).toBe(said))

  it('are grouped and written in the language', () => {
    expect(readableCount(1_570_000, 'en')).toBe('1,570,000')
    expect(readableSpan(180, 'zh-CN')).toContain('3')
    expect(readableBytes(1500, 'zh-CN')).toContain('1.5')
  })
})
