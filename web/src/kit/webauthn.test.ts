import { describe, expect, it } from 'vitest'

import { bytesOf, textOf } from './webauthn'

describe('base64url', () => {
  it('comes back as it went, without padding and without letters that addresses escape', () => {
    for (let length = 0; length < 40; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 89 + length * 31 + 250) % 256)
      const text = textOf(bytes.buffer)
      expect(text).toMatch(/^[\w-]*$/)
      expect([...bytesOf(text)]).toEqual([...bytes])
    }
  })
})
