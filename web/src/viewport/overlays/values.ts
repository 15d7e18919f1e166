/** Parametric maps and doses laid over slices in colour, with the ends of their scale (PS3.3 A.75, A.18). */
import type { DataSet } from '../../dicomweb/json'
import { number, text } from '../../dicomweb/json'
import { normalOf, type Plane, toPatient } from '../../dicomweb/plane'
import { referencedSeries } from '../../dicomweb/referenced-series'
import { TAG } from '../../dicomweb/tags'
import { doseAt, type DoseGrid, readDose, readParametricMap, type SampleType, samplesOf, type ValueMap } from '../../dicomweb/value-map'
import { Frames } from './frames'
import { doseLattice, isodosesOn } from './isodoses'
import { asPng, lieOn, type OpenOverlay, placeOf } from './masks'
import { paintedValues } from './paint'
import { prescribedFor } from './prescription'
import { type DoseFacts, type Drawing, NOTHING_DRAWN, type OverlayDescription, OverlayError, type Look, type Part, type Target } from './protocol'

/** All values of an object are looked at once for the ends of its scale; larger ones are not drawn. */
const MOST_SAMPLES = 48 << 20
/** Side of the grid on which a dose is worked out for one slice. */
const DOSE_GRID = 192
const FLOAT_PADDING = '00280122'
const DOUBLE_PADDING = '00280123'
const PADDING = '00280120'

function bounded(rows: number, columns: number, frames: number): void {
  if (rows * columns * frames > MOST_SAMPLES) throw new OverlayError('too-large')
}

async function everySample(frames: Frames, count: number, pixels: number, type: SampleType): Promise<Float64Array[]> {
  const bytes = await frames.get(Array.from({ length: count }, (_, index) => index + 1))
  try {
    return bytes.map((frame) => samplesOf(frame, pixels, type))
  } catch {
    throw new OverlayError('unreadable')
  }
}

function ends(frames: readonly Float64Array[]): readonly [number, number] | undefined {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const values of frames) {
    for (const value of values) {
      if (!Number.isFinite(value)) continue
      if (value < lowest) lowest = value
      if (value > highest) highest = value
    }
  }
  return lowest <= highest ? [lowest, highest] : undefined
}

/** Real values of each frame; NaN where the file says that there is no value, or how to get one is not said. */
function realValues(dataSet: DataSet, map: ValueMap, stored: readonly Float64Array[]): Float64Array[] {
  const padding = number(dataSet, FLOAT_PADDING) ?? number(dataSet, DOUBLE_PADDING) ?? number(dataSet, PADDING)
  return stored.map((values, index) => {
    const line = map.lines[index]
    return values.map((value) => (line && value !== padding ? value * line.slope + line.intercept : Number.NaN))
  })
}

/** Raises OverlayError: unreadable, too large, and what fetching raises. */
export async function openParametricMap(address: string, dataSet: DataSet): Promise<OpenOverlay> {
  const map = readParametricMap(dataSet)
  if (!map) throw new OverlayError('unreadable')
  const pixels = map.rows * map.columns
  bounded(map.rows, map.columns, map.frames.length)
  const values = realValues(dataSet, map, await everySample(new Frames(address), map.frames.length, pixels, map.samples))
  const range = ends(values)
  if (!range) throw new OverlayError('unreadable')
  return {
    description: describeMap(dataSet, map, range),
    async draw(target, look) {
      const lying = map.frames.flatMap((frame, index) => {
        const matrix = lieOn(frame, map, target)
        return matrix ? [{ matrix, values: values[index] ?? new Float64Array() }] : []
      })
      const [only] = lying
      // Two maps in one place cannot both be shown as one colour.
      if (!only || look.hidden.includes(1)) return NOTHING_DRAWN
      if (lying.length > 1) throw new OverlayError('unplaced')
      const blob = await asPng(paintedValues(only.values, look.range ?? range), map.columns, map.rows)
      return { ...NOTHING_DRAWN, picture: { blob, columns: map.columns, rows: map.rows, matrix: only.matrix } }
    },
  }
}

function onePart(label: string, places: Part['places'], frameOfReferenceUid: string | undefined): Part {
  return { id: 1, label, detail: undefined, colour: [253, 231, 37], frameOfReferenceUid, places }
}

function describeMap(dataSet: DataSet, map: ValueMap, [lowest, highest]: readonly [number, number]): OverlayDescription {
  return {
    kind: 'map',
    label: map.label,
    nature: undefined,
    patientId: text(dataSet, TAG.PatientID),
    frameOfReferenceUids: map.frameOfReferenceUid === undefined ? [] : [map.frameOfReferenceUid],
    sourceUids: [...new Set(map.frames.flatMap(({ sources }) => sources.map((source) => source.sopInstanceUid)))],
    referencedSeries: referencedSeries(dataSet),
    rows: map.rows,
    columns: map.columns,
    parts: [
      onePart(
        map.quantity ?? map.label ?? '',
        map.frames.map((frame) => placeOf(frame, map.rows, map.columns)),
        map.frameOfReferenceUid,
      ),
    ],
    scale: { quantity: map.quantity, unit: map.unit, lowest, highest },
  }
}

/** Raises OverlayError: unreadable, too large, and what fetching raises. */
export async function openDose(address: string, dataSet: DataSet): Promise<OpenOverlay> {
  const grid = readDose(dataSet)
  if (!grid) throw new OverlayError('unreadable')
  const pixels = grid.rows * grid.columns
  bounded(grid.rows, grid.columns, grid.offsets.length)
  const stored = await everySample(new Frames(address), grid.offsets.length, pixels, grid.samples)
  const values = new Float64Array(pixels * stored.length)
  for (const [index, frame] of stored.entries()) values.set(frame, index * pixels)
  const highest = (ends(stored)?.[1] ?? 0) * grid.scaling
  if (!(highest > 0)) throw new OverlayError('unreadable')
  const facts: DoseFacts = { unit: doseUnit(grid.unit), highest, ...(await prescribedFor(address, dataSet, grid)) }
  return {
    description: describeDose(dataSet, grid, facts),
    draw(target, look) {
      const { plane } = target
      const here = plane && grid.frameOfReferenceUid !== undefined && grid.frameOfReferenceUid === target.frameOfReferenceUid
      if (!here || look.hidden.includes(1)) return Promise.resolve(NOTHING_DRAWN)
      return doseOn(grid, values, { ...target, plane }, { ...look, range: look.range ?? [highest / 10, highest] })
    },
  }
}

/** The dose between the grid's points is linear between them; the picture's pixels are parts of the slice, not of the grid. */
async function doseOn(grid: DoseGrid, values: Float64Array, target: Target & { plane: Plane }, look: Look & { range: readonly [number, number] }): Promise<Drawing> {
  const columns = Math.min(DOSE_GRID, target.columns)
  const rows = Math.min(DOSE_GRID, target.rows)
  const [across, down] = [target.columns / columns, target.rows / rows]
  const doses = Float64Array.from({ length: rows * columns }, (_, pixel) => {
    const at = [((pixel % columns) + 0.5) * across, (Math.floor(pixel / columns) + 0.5) * down] as const
    return doseAt(grid, values, toPatient(target.plane, at)) ?? Number.NaN
  })
  const blob = await asPng(paintedValues(doses, look.range), columns, rows)
  const lattice = look.isodoses?.length ? doseLattice(grid, values, target) : undefined
  const isodoses = lattice ? isodosesOn(lattice, look.isodoses ?? []) : []
  return { ...NOTHING_DRAWN, picture: { blob, columns, rows, matrix: [across, 0, 0, down, 0, 0] }, isodoses }
}

function describeDose(dataSet: DataSet, grid: DoseGrid, dose: DoseFacts): OverlayDescription {
  const normal = normalOf(grid.plane)
  const middle = toPatient(grid.plane, [grid.columns / 2, grid.rows / 2])
  const places = grid.offsets.map((offset) => ({
    point: [middle[0] + normal[0] * offset, middle[1] + normal[1] * offset, middle[2] + normal[2] * offset] as const,
    sopInstanceUid: undefined,
    frameNumber: undefined,
  }))
  const nature = [grid.type, grid.summation].filter(Boolean).join(' ')
  return {
    kind: 'dose',
    label: nature || undefined,
    nature,
    patientId: text(dataSet, TAG.PatientID),
    frameOfReferenceUids: grid.frameOfReferenceUid === undefined ? [] : [grid.frameOfReferenceUid],
    sourceUids: [],
    referencedSeries: referencedSeries(dataSet),
    rows: grid.rows,
    columns: grid.columns,
    parts: [onePart(nature, places, grid.frameOfReferenceUid)],
    scale: { quantity: undefined, unit: dose.unit, lowest: 0, highest: dose.highest },
    dose,
  }
}

/** GY is gray; RELATIVE is a share of whatever the plan normalised to (PS3.3 C.8.8.3.1). */
function doseUnit(unit: string | undefined): string | undefined {
  return unit === 'GY' ? 'Gy' : unit === 'RELATIVE' ? '' : undefined
}
