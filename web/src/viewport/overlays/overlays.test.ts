/** The readers of other objects against highdicom, pydicom and numpy: tests/golden/objects.py made the numbers. */
import { describe, expect, it } from 'vitest'

import type { Frame, Triple } from '../../dicomweb/frame'
import type { DataSet } from '../../dicomweb/json'
import { toImagePoint } from '../../dicomweb/plane'
import { readReport, type ReportItem } from '../../dicomweb/report'
import { readSegmentation } from '../../dicomweb/segmentation'
import { readStructureSet } from '../../dicomweb/structure-set'
import { doseAt, readDose, samplesOf } from '../../dicomweb/value-map'
import { readGroup, waveformSources } from '../../dicomweb/waveform'
import { unpackedBits } from '../../dicomweb/bits'
import { openContours } from './contours'
import stored from './golden.json'
import { coveredOn } from './masks'
import { type Look, OverlayError, type Part, type Target } from './protocol'
import { heightsOf, lyingOn, sliceAt } from './where'

const golden = stored as unknown as {
  segmentations: { kind: string; dataSet: DataSet; frames: string[]; on: { target: Target; segments: string[]; largest: number[] }[] }[]
  contours: { dataSet: DataSet; on: Target[]; slice: number; corners: [number, number][]; marker: [number, number] }
  dose: { dataSet: DataSet; frames: string[]; places: { point: Triple; gray: number }[]; outside: Triple[] }
  ecg: { dataSet: DataSet; bytes: string; everyHundredth: [number, number][] }
  report: { dataSet: DataSet; items: (string | null)[][]; image: string }
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
const PLAIN: Look = { hidden: [], colours: {}, range: undefined }
const frameBytes = (frames: readonly string[]) => ({
  get: (numbers: readonly number[]) => Promise.resolve(numbers.map((number) => bytesOf(frames[number - 1] ?? ''))),
})

function segmentationOf(dataSet: DataSet) {
  const read = readSegmentation(dataSet)
  if (!read) throw new Error('not read')
  return read
}

describe.each(golden.segmentations)('a segmentation by highdicom ($kind)', ({ kind, dataSet, frames, on }) => {
  const read = segmentationOf(dataSet)
  const colourOf = (segment: number) => read.segments.find(({ number }) => number === segment)?.colour

  it('covers on every image the very pixels that highdicom finds there, and on empty slices none', async () => {
    expect(on.length).toBe(6)
    for (const { target, segments } of on) {
      const covered = await coveredOn(read, frameBytes(frames), target, colourOf)
      for (const [index, wanted] of segments.entries()) {
        const cover = covered?.covers.find(({ part }) => part === index + 1)
        const pixels = unpackedBits(bytesOf(wanted), read.rows * read.columns)
        expect([...(cover?.share ?? new Uint8Array(pixels.length))].map((share) => Number(share > 0))).toEqual([...pixels])
      }
      for (const [at, part] of [1, 0, 0, 1, 0, 0].entries()) expect(covered?.matrix[at] ?? part).toBeCloseTo(part, 3)
    }
  })

  it('knows the share of a fraction', async () => {
    const [one] = on.filter(({ largest }) => (largest[0] ?? 0) > 0)
    const covered = one && (await coveredOn(read, frameBytes(frames), one.target, colourOf))
    const shares = covered?.covers.map(({ share }) => share.reduce((most, value) => Math.max(most, value), 0))
    expect(shares).toEqual(kind === 'FRACTIONAL' ? [Math.round(255 / 4), 255] : [255, 255])
  })

  it('lies on no slice of another frame of reference, and on none half way to the next', async () => {
    const [one] = on.filter(({ largest }) => (largest[0] ?? 0) > 0)
    if (!one?.target.plane) throw new Error('no plane')
    const elsewhere = { ...one.target, frameOfReferenceUid: '2.25.99', sopInstanceUid: '2.25.98' }
    expect(await coveredOn(read, frameBytes(frames), elsewhere, colourOf)).toBeUndefined()
    const [x, y, z] = one.target.plane.origin
    const between = { ...one.target, plane: { ...one.target.plane, origin: [x + 1, y, z + 1] as const } }
    expect(await coveredOn(read, frameBytes(frames), between, colourOf)).toBeUndefined()
  })

  it('is refused when its bytes are torn', async () => {
    const [one] = on.filter(({ largest }) => (largest[0] ?? 0) > 0)
    const torn = { get: (numbers: readonly number[]) => Promise.resolve(numbers.map(() => new Uint8Array(3))) }
    await expect(one && coveredOn(read, torn, one.target, colourOf)).rejects.toThrow(OverlayError)
  })
})

describe('contours', () => {
  const { dataSet, on, slice, corners, marker } = golden.contours

  it('are drawn on the slice that they lie on, at their corners', async () => {
    const { shapes, points } = await openContours('', dataSet).draw(on[slice] as Target, PLAIN)
    const drawn = shapes[0]?.d.match(/[-\d.]+/g)?.map(Number) ?? []
    expect(shapes.length).toBe(1)
    for (const [at, value] of corners.flat().entries()) expect(drawn[at]).toBeCloseTo(value, 2)
    expect(points[0]?.at[0]).toBeCloseTo(marker[0], 5)
    expect(points[0]?.at[1]).toBeCloseTo(marker[1], 5)
  })

  it('are drawn on no other slice', async () => {
    const overlay = openContours('', dataSet)
    const others = await Promise.all(on.filter((_, index) => index !== slice).map((target) => overlay.draw(target, PLAIN)))
    expect(others.length).toBe(5)
    expect(others.flatMap(({ shapes, points, names }) => [...shapes, ...points, ...names])).toEqual([])
  })

  it('between slices are counted as lying on none', () => {
    const frames = on.map(({ plane }) => ({ position: plane?.origin, rowCosines: plane?.row, columnCosines: plane?.column, spacing: plane?.spacing }) as Frame)
    const [target] = openContours('', dataSet).description.parts
    expect(lyingOn(target as Part, [], heightsOf(frames))).toEqual({ on: [slice], beside: 1 })
  })

  it('that cut holes are one shape by even and odd', async () => {
    const text = JSON.stringify(dataSet).replaceAll('"CLOSED_PLANAR"', '"CLOSEDPLANAR_XOR"')
    const { shapes } = await openContours('', JSON.parse(text) as DataSet).draw(on[slice] as Target, PLAIN)
    expect(shapes.map(({ filled }) => filled)).toEqual(['evenodd'])
  })

  it('that leave the slice with one of their points are not drawn', async () => {
    const moved = JSON.parse(JSON.stringify(dataSet)) as Record<string, { Value: Record<string, { Value: Record<string, { Value: number[] }>[] }>[] }>
    const data = moved['30060039']?.Value[0]?.['30060040']?.Value[0]?.['30060050']?.Value
    if (!data) throw new Error('no contour')
    data[2] = Number(data[2]) + 0.5
    const { shapes } = await openContours('', moved as unknown as DataSet).draw(on[slice] as Target, PLAIN)
    expect(shapes).toEqual([])
    expect(readStructureSet(dataSet).regions.map(({ contours }) => contours.length)).toEqual([2, 1])
  })
})

describe('a slice of a stack', () => {
  it('holds a point within a quarter of a millimetre, less where slices are close', () => {
    const frame = (z: number) => ({ position: [0, 0, z], rowCosines: [1, 0, 0], columnCosines: [0, 1, 0], spacing: [1, 1] }) as unknown as Frame
    const wide = heightsOf([frame(0), frame(5), frame(10)])
    const close = heightsOf([frame(0), frame(0.4), frame(0.8)])
    if (!wide || !close) throw new Error('no heights')
    expect([0.2, 0.3, 4.9, 7.5, 10.2].map((z) => sliceAt(wide, [3, 4, z]))).toEqual([0, undefined, 1, undefined, 2])
    expect([0.05, 0.15, 0.2, 0.45].map((z) => sliceAt(close, [0, 0, z]))).toEqual([0, undefined, undefined, 1])
  })
})

describe('a dose', () => {
  const { dataSet, frames, places, outside } = golden.dose
  const grid = readDose(dataSet)
  if (!grid) throw new Error('not read')
  const values = Float64Array.from(frames.flatMap((frame) => [...samplesOf(bytesOf(frame), grid.rows * grid.columns, grid.samples)]))

  it('is linear between the points of its grid, in gray', () => {
    for (const { point, gray } of places) expect(doseAt(grid, values, point)).toBeCloseTo(gray, 3)
    expect(grid.unit).toBe('GY')
  })

  it('is unknown outside of its grid', () => {
    expect(outside.map((point) => doseAt(grid, values, point))).toEqual([undefined, undefined])
    expect(toImagePoint(grid.plane, grid.plane.origin)).toEqual([0.5, 0.5])
  })
})

describe('an ECG', () => {
  it('has the millivolts that pydicom reads', () => {
    const [source] = waveformSources(golden.ecg.dataSet)
    if (!source) throw new Error('no group')
    const { channels, samplesPerSecond } = readGroup(source, bytesOf(golden.ecg.bytes))
    expect(samplesPerSecond).toBe(500)
    expect(channels.map(({ name, unit }) => [name, unit])).toEqual([
      ['I', 'uV'],
      ['II', 'uV'],
    ])
    for (const [at, wanted] of golden.ecg.everyHundredth.entries()) {
      for (const lead of [0, 1] as const) expect((channels[lead]?.values[at * 100] ?? 0) / 1000).toBeCloseTo(wanted[lead], 6)
    }
    expect(() => readGroup(source, bytesOf(golden.ecg.bytes).subarray(0, 100))).toThrow(RangeError)
  })
})

describe('a report', () => {
  it('has the items that pydicom walks through, and leads to its image', () => {
    const report = readReport(golden.report.dataSet)
    const items: (string | null)[][] = []
    const references: string[] = []
    const walk = (item: ReportItem) => {
      items.push([item.valueType, item.name?.meaning ?? null, item.value ?? null, item.unit?.value ?? null])
      if (item.reference) references.push(item.reference.sopInstanceUid)
      item.children.forEach(walk)
    }
    walk(report.root)
    expect(items).toEqual(golden.report.items)
    expect(references).toEqual([golden.report.image])
    expect(report.seriesOf.get(golden.report.image)).toBeDefined()
    expect([report.complete, report.verified]).toEqual([true, false])
  })
})
