import { describe, expect, it } from 'vitest'

import { marked } from './marked'
import { readableName } from './person-name'

describe('what nobody sees', () => {
  it.each(['\u200b', '\u200d', '\u202e', '\u2066', '\ufeff', '\u00ad', '\u3164', '\u{e0041}', '\u001b', '\u009b'])(
    'is shown as its number: %j',
    (unseen) => {
      const number = (unseen.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
      expect(marked(`Wa${unseen}ng`)).toBe(`Wa⟨U+${number}⟩ng`)
    },
  )

  it('leaves alone what is seen', () => {
    for (const text of ['Wang^Li', '王^小东', 'שרון', 'قباني', '葛\u{e0100}飾', 'e\u0301', '👩‍⚕'.replace('\u200d', '')]) {
      expect(marked(text)).toBe(text)
    }
  })

  it('cannot make one name look like another', () => {
    expect(readableName('Wang\u200b^Li', 'en')?.main).not.toBe(readableName('Wang^Li', 'en')?.main)
    expect(readableName('\u202egnaW^Li', 'en')?.main).toContain('⟨U+202E⟩')
  })
})
