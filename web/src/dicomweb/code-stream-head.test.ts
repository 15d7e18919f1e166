import { describe, expect, it } from 'vitest'

import { endsWhole, halvingsFor, leastBytes, resolutionsOf } from './code-stream-head'

/** The main header of a grey HTJ2K stream as our packs hold it, up to the first tile-part. */
function aHead({ columns = 2394, rows = 3062, tile = 0, samples = 1, cap = true, order = 2, levels = 5, ssiz = 11 } = {}): Uint8Array {
  const bytes: number[] = []
  const put = (length: number, value: number) => {
    for (let at = length - 1; at >= 0; at -= 1) bytes.push(Math.floor(value / 256 ** at) % 256)
  }
  put(2, 0xff4f)
  for (const word of [0xff51, 38 + 3 * samples, 0x4000]) put(2, word)
  for (const word of [columns, rows, 0, 0, tile || columns, tile || rows, 0, 0]) put(4, word)
  put(2, samples)
  for (let sample = 0; sample < samples; sample += 1) bytes.push(ssiz, 1, 1)
  if (cap) bytes.push(0xff, 0x50, 0, 8, 0, 2, 0, 0, 0, 0)
  bytes.push(0xff, 0x52, 0, 12, 0, order, 0, 1, 0, levels, 4, 4, 0x40, 1)
  bytes.push(0xff, 0x90, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x93)
  return Uint8Array.from(bytes)
}

describe('the head of a code stream', () => {
  it('tells how the beginning can be drawn', () => {
    const head = resolutionsOf(aHead())
    expect(head).toEqual({ columns: 2394, rows: 3062, bits: 12, signed: false, levels: 5, headLength: aHead().length })
    expect(resolutionsOf(aHead({ ssiz: 0x8f }))).toMatchObject({ bits: 16, signed: true })
  })

  it.each([
    ['orders by position or component', { order: 3 }],
    ['has tiles', { tile: 512 }],
    ['has colours', { samples: 3 }],
    ['is JPEG 2000 of the first part', { cap: false }],
    ['has one resolution', { levels: 0 }],
  ])('is refused where the stream %s', (_, changed) => {
    expect(resolutionsOf(aHead(changed))).toBeUndefined()
  })

  it('is refused while it is not whole, and where it is torn', () => {
    const bytes = aHead()
    for (let length = 0; length < bytes.length - 14; length += 1) expect(resolutionsOf(bytes.subarray(0, length)), `${length}`).toBeUndefined()
    const torn = aHead()
    torn[44] = 3
    expect(resolutionsOf(torn)).toBeUndefined()
    expect(resolutionsOf(new Uint8Array(4000).fill(0xff))).toBeUndefined()
  })
})

describe('what is drawn of a beginning', () => {
  const head = resolutionsOf(aHead())
  if (!head) throw new Error('no head')

  it('needs at least as many bytes as a sixteenth of the sides would uncompressed', () => {
    expect(leastBytes(head)).toBe(head.headLength + (150 * 192 * 14) / 8)
    expect(leastBytes({ ...head, levels: 1 })).toBeGreaterThan(leastBytes({ ...head, levels: 5 }))
  })

  it('is halved until it has no more pixels than a viewport', () => {
    expect(halvingsFor(head, 1_500_000)).toBe(2)
    expect(halvingsFor(head, 10_000_000)).toBe(0)
    expect(halvingsFor({ ...head, levels: 1 }, 1_500_000)).toBeUndefined()
  })
})

describe('a code stream', () => {
  it('is whole when its end mark is there, with padding or without', () => {
    expect(endsWhole(Uint8Array.of(1, 0xff, 0xd9))).toBe(true)
    expect(endsWhole(Uint8Array.of(1, 0xff, 0xd9, 0))).toBe(true)
    expect(endsWhole(Uint8Array.of(0xff, 0xd9, 1, 2, 3))).toBe(false)
    expect(endsWhole(Uint8Array.of(0xd9))).toBe(false)
  })
})
