import openJph from '@cornerstonejs/codec-openjph/wasmjs'
import { describe, expect, it } from 'vitest'

import { inlineBytes } from '../dicomweb/json'
import { SMALL } from './htj2k'
import { drawn } from './preview-drawing'

const greys = Uint8Array.from({ length: 65536 }, (_, sample) => 2 * sample)
/** The numbers 0 to 63, eight by eight, two bytes each. */
const bytes = inlineBytes({ vr: 'OB', InlineBinary: SMALL }) ?? new Uint8Array()
const codec = openJph({ locateFile: (name) => new URL(`../../node_modules/@cornerstonejs/codec-openjph/dist/${name}`, import.meta.url).pathname })

describe('a beginning that is drawn', () => {
  it('has the greys of the whole at a lower resolution', async () => {
    const { columns, rows, pixels } = drawn(await codec, { imageId: '', bytes, halvings: 1, greys })
    expect([columns, rows, pixels.length]).toEqual([4, 4, 64])
    const shown = Array.from({ length: 16 }, (_, at) => pixels[4 * at] ?? 0)
    const wanted = Array.from({ length: 16 }, (_, at) => 2 * (2 * (at % 4) + 16 * Math.floor(at / 4)))
    for (const [at, grey] of shown.entries()) expect(Math.abs(grey - (wanted[at] ?? 0)), `${at}`).toBeLessThanOrEqual(12)
    expect(pixels[3]).toBe(255)
  })

  it('is nothing where its head is torn, or says another depth than the object', async () => {
    const made = await codec
    const drawing = (beginning: Uint8Array, table = greys) => () => drawn(made, { imageId: '', bytes: beginning, halvings: 1, greys: table })
    expect(drawing(bytes, new Uint8Array(256))).toThrow('no picture')
    expect(drawing(bytes.subarray(0, 40))).toThrow('no picture')
    expect(drawing(bytes.subarray(0, 0))).toThrow('no picture')
    expect(drawing(new Uint8Array(500).fill(7))).toThrow('no picture')
  })
})
