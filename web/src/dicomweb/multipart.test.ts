import { describe, expect, it } from 'vitest'

import { firstPart, transferSyntaxOf } from './multipart'

const HEAD = 'Content-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.201'

function answer(content: Uint8Array, boundary = 'b'): Uint8Array {
  const encoder = new TextEncoder()
  return new Uint8Array([...encoder.encode(`--${boundary}\r\n${HEAD}\r\n\r\n`), ...content, ...encoder.encode(`\r\n--${boundary}--\r\n`)])
}

describe('a multipart answer', () => {
  const type = 'multipart/related; type="application/octet-stream"; boundary="b"'

  it('gives its part byte for byte, even when the pixels look like a boundary', () => {
    const tricky = new TextEncoder().encode('\r\n--b\r\n\r\n--b--')
    const part = firstPart(type, answer(tricky))
    expect(part.bytes).toEqual(tricky)
    expect(transferSyntaxOf(part.contentType)).toBe('1.2.840.10008.1.2.4.201')
  })

  it('is refused when its end is missing', () => {
    const whole = answer(new Uint8Array(64))
    expect(() => firstPart(type, whole.subarray(0, whole.length - 20))).toThrow('without an end')
  })

  it('may also be no multipart at all', () => {
    const bytes = new Uint8Array([1, 2, 3])
    expect(firstPart('application/octet-stream', bytes).bytes).toBe(bytes)
  })
})
