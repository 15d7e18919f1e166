import { describe, expect, it } from 'vitest'

import { KeptFrames, mostKeptBytes } from './kept-frames'

const MIB = 1024 ** 2

describe('how much is kept', () => {
  it('is the same on all devices but small ones, and where nothing is told', () => {
    expect([undefined, 8, 4, 2, 1, 0.5].map((gib) => mostKeptBytes(gib) / MIB)).toEqual([256, 256, 256, 128, 64, 32])
  })

  it('is never more than there is room for, but for a single frame', () => {
    const kept = new KeptFrames(10, (imageId) => imageId === 'planned')
    const frame = (bytes: number) => ({ bytes: new Uint8Array(bytes), syntax: '' })
    for (const [imageId, bytes] of [['planned', 4], ['old', 4], ['new', 4]] as const) kept.put(imageId, frame(bytes))
    expect([kept.bytes, kept.has('planned'), kept.has('old'), kept.has('new')]).toEqual([8, true, false, true])
    kept.put('large', frame(40))
    expect([kept.bytes, kept.has('large')]).toEqual([40, true])
  })
})
