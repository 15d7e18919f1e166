import { describe, expect, it } from 'vitest'

// Made by `python -m tests.pixels.grey_reference` with pydicom, checked against DCMTK; the server is held to the same file.
import reference from '../../../tests/pixels/grey_reference.json'
import { describeFrame } from './frame'
import type { DataSet } from './json'
import { applyTable, readTable } from './lut'
import { firstVoi, rangeOf, shownGrey, spanOf, wholeRange, windowOf } from './voi'

interface Kept {
  readonly name: string
  readonly elements: DataSet
  readonly stored: readonly number[]
  readonly greys: readonly number[]
}

const nothing = () => Promise.reject(new Error('not asked'))

/** What the viewport does with the pixels of one image, without the viewport. */
async function greysOf({ elements, stored }: Kept): Promise<number[]> {
  const frame = describeFrame(elements, 1)
  const table = frame.modalityLut && (await readTable(frame.modalityLut, frame.pixelRepresentation === 1, nothing))
  const pixels = table ? [...applyTable(stored, table)] : stored
  const tables = (await Promise.all(frame.voiLuts.map((item) => readTable(item, frame.pixelRepresentation === 1, nothing)))).filter(
    (one) => one !== undefined,
  )
  const scale = table ? { slope: 1, intercept: 0, step: 1, padding: undefined } : { slope: frame.slope, intercept: frame.intercept, step: 1, padding: frame.padding }
  const voi = firstVoi(frame, tables, wholeRange(pixels, frame, scale))
  return pixels.map(shownGrey(voi, tables, scale, frame.negative))
}

describe('greys', () => {
  it.each(reference as unknown as Kept[])('are those of pydicom and DCMTK: $name', async (kept) => {
    const shown = await greysOf(kept)
    const worst = Math.max(...shown.map((grey, at) => Math.abs(grey - (kept.greys[at] ?? Number.NaN))))
    expect(worst).toBeLessThanOrEqual(0.51)
  })
})

describe('a window', () => {
  it('becomes the range of PS3.3 C.11.2.1.2.1 and comes back', () => {
    const range = rangeOf({ centre: 40, width: 400 })
    expect(range).toEqual({ lower: -160, upper: 239 })
    expect(windowOf(range)).toEqual({ centre: 40, width: 400 })
  })

  it('is taken exactly by LINEAR_EXACT', () => {
    expect(rangeOf({ centre: 0.5, width: 1 }, 'LINEAR_EXACT')).toEqual({ lower: 0, upper: 1 })
  })
})

describe('a table', () => {
  it('spans the values that it maps, and one that is not there shows black', () => {
    const table = { first: -10, bits: 8, entries: Uint16Array.from([0, 100, 255]) }
    expect(spanOf({ kind: 'table', index: 0 }, [table])).toEqual({ lower: -10, upper: -8 })
    const scale = { slope: 1, intercept: 0, step: 1, padding: undefined }
    expect(shownGrey({ kind: 'table', index: 1 }, [table], scale, false)(-9)).toBe(0)
  })
})
