/** Parametric maps (PS3.3 A.75, C.7.6.16.2.11) and dose grids (A.18, C.8.8.3): what their numbers mean, and where they lie. */
import type { Triple } from './frame'
import { type DataSet, item, items, number, numbers, text } from './json'
import { dot } from './order'
import { normalOf, type Plane, toImagePoint } from './plane'
import { gridFrames, type GridFrame } from './segmentation'

const T = {
  FrameOfReferenceUID: '00200052',
  Rows: '00280010',
  Columns: '00280011',
  BitsAllocated: '00280100',
  BitsStored: '00280101',
  PixelRepresentation: '00280103',
  ContentLabel: '00700080',
  FloatPixelData: '7FE00008',
  DoubleFloatPixelData: '7FE00009',
  Shared: '52009229',
  PerFrame: '52009230',
  RealWorldValueMapping: '00409096',
  Slope: '00409225',
  Intercept: '00409224',
  LutLabel: '00409210',
  LutExplanation: '00283003',
  LutData: '00409212',
  Units: '004008EA',
  QuantityDefinition: '00409220',
  ConceptCode: '0040A168',
  CodeValue: '00080100',
  CodeMeaning: '00080104',
  ImagePositionPatient: '00200032',
  ImageOrientationPatient: '00200037',
  PixelSpacing: '00280030',
  NumberOfFrames: '00280008',
  GridFrameOffsetVector: '3004000C',
  DoseGridScaling: '3004000E',
  DoseUnits: '30040002',
  DoseType: '30040004',
  DoseSummationType: '3004000A',
} as const

/** How the bytes of a frame become numbers; words are little endian. */
export interface SampleType {
  readonly floating: boolean
  readonly bits: number
  readonly stored: number
  readonly signed: boolean
}

export interface ValueMap {
  readonly label: string | undefined
  /** What is mapped, in the words of the file. */
  readonly quantity: string | undefined
  /** UCUM code, or undefined where the file names no unit. */
  readonly unit: string | undefined
  readonly rows: number
  readonly columns: number
  readonly samples: SampleType
  readonly frameOfReferenceUid: string | undefined
  readonly frames: readonly GridFrame[]
  /** Real value = stored · slope + intercept, for each frame; undefined where the frame has no such line. */
  readonly lines: readonly (ValueLine | undefined)[]
}

export interface ValueLine {
  readonly slope: number
  readonly intercept: number
}

/** Headers may leave the pixels out; the modules of floating pixels have no Bits Stored (PS3.3 C.7.6.24, C.7.6.25). */
export function sampleTypeOf(dataSet: DataSet): SampleType {
  const bits = dataSet[T.DoubleFloatPixelData] === undefined ? (number(dataSet, T.BitsAllocated) ?? 16) : 64
  const named = dataSet[T.FloatPixelData] !== undefined || dataSet[T.DoubleFloatPixelData] !== undefined
  const floating = named || (bits >= 32 && number(dataSet, T.BitsStored) === undefined)
  return {
    floating,
    bits,
    stored: number(dataSet, T.BitsStored) ?? bits,
    signed: number(dataSet, T.PixelRepresentation) === 1,
  }
}

/** The samples of one native little-endian frame. Raises RangeError when bytes are missing or the type is none of ours. */
export function samplesOf(bytes: Uint8Array, count: number, type: SampleType): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const width = type.bits / 8
  if (bytes.byteLength < count * width) throw new RangeError('frame too short')
  const read = readerOf(view, type)
  return Float64Array.from({ length: count }, (_, index) => read(index * width))
}

function readerOf(view: DataView, { floating, bits, stored, signed }: SampleType): (at: number) => number {
  if (floating && bits === 32) return (at) => view.getFloat32(at, true)
  if (floating && bits === 64) return (at) => view.getFloat64(at, true)
  if (bits === 8) return signed ? (at) => view.getInt8(at) : (at) => view.getUint8(at)
  const shift = 32 - Math.min(stored, bits)
  // What stands above the bits stored is no part of the value (PS3.5 8.1.1).
  const own = signed ? (value: number) => (value << shift) >> shift : (value: number) => (value << shift) >>> shift
  if (bits === 16) return (at) => own(view.getUint16(at, true))
  if (bits === 32) return (at) => own(view.getUint32(at, true))
  throw new RangeError('sample type')
}

function unitOf(mapping: DataSet | undefined): string | undefined {
  const code = item(mapping, T.Units)
  const unit = text(code, T.CodeValue)
  return unit === undefined ? undefined : unit === '1' ? '' : unit
}

/** In the words of the quantity's own code, else of the label. */
function quantityOf(mapping: DataSet | undefined): string | undefined {
  const defined = items(mapping, T.QuantityDefinition).map((one) => text(item(one, T.ConceptCode), T.CodeMeaning))
  return defined.find(Boolean) ?? text(mapping, T.LutExplanation) ?? text(mapping, T.LutLabel)
}

function lineOf(mapping: DataSet | undefined): ValueLine | undefined {
  const [slope, intercept] = [number(mapping, T.Slope), number(mapping, T.Intercept)]
  return slope === undefined || intercept === undefined ? undefined : { slope, intercept }
}

/** Undefined when the object has no size. */
export function readParametricMap(dataSet: DataSet): ValueMap | undefined {
  const [rows, columns] = [number(dataSet, T.Rows), number(dataSet, T.Columns)]
  if (!rows || !columns) return undefined
  const frames = gridFrames(dataSet)
  const shared = item(item(dataSet, T.Shared), T.RealWorldValueMapping)
  const perFrame = items(dataSet, T.PerFrame)
  const mappings = frames.map((_, index) => item(perFrame[index], T.RealWorldValueMapping) ?? shared)
  return {
    label: text(dataSet, T.ContentLabel),
    quantity: quantityOf(mappings[0]),
    unit: unitOf(mappings[0]),
    rows,
    columns,
    samples: sampleTypeOf(dataSet),
    frameOfReferenceUid: text(dataSet, T.FrameOfReferenceUID),
    frames,
    lines: mappings.map(lineOf),
  }
}

export interface DoseGrid {
  readonly rows: number
  readonly columns: number
  readonly samples: SampleType
  /** Of the first frame. */
  readonly plane: Plane
  /** mm along the normal from the first frame, of each frame. */
  readonly offsets: readonly number[]
  readonly scaling: number
  /** GY or RELATIVE. */
  readonly unit: string | undefined
  readonly type: string | undefined
  readonly summation: string | undefined
  readonly frameOfReferenceUid: string | undefined
}

/** Offsets begin at 0, or are heights in the patient for transverse grids (PS3.3 C.8.8.3.2). */
function offsetsOf(dataSet: DataSet, plane: Plane, count: number): number[] | undefined {
  const listed = numbers(dataSet, T.GridFrameOffsetVector)
  if (count === 1) return [0]
  if (listed.length !== count) return undefined
  const [first] = listed
  if (first === 0) return listed
  const transverse = Math.abs(Math.abs(normalOf(plane)[2]) - 1) < 1e-6
  if (!transverse || first === undefined || Math.abs(first - plane.origin[2]) > 0.01) return undefined
  const direction = Math.sign(normalOf(plane)[2])
  return listed.map((height) => (height - first) * direction)
}

/** Undefined when the file does not say where the grid lies or what its numbers are. */
export function readDose(dataSet: DataSet): DoseGrid | undefined {
  const [rows, columns] = [number(dataSet, T.Rows), number(dataSet, T.Columns)]
  const [x, y, z] = numbers(dataSet, T.ImagePositionPatient)
  const axes = numbers(dataSet, T.ImageOrientationPatient)
  const [betweenRows, betweenColumns] = numbers(dataSet, T.PixelSpacing)
  const scaling = number(dataSet, T.DoseGridScaling)
  if (!rows || !columns || !betweenRows || !betweenColumns || !scaling || axes.length !== 6) return undefined
  if (x === undefined || y === undefined || z === undefined) return undefined
  const [row, column] = [axes.slice(0, 3) as unknown as Triple, axes.slice(3) as unknown as Triple]
  const plane: Plane = { origin: [x, y, z], row, column, spacing: [betweenRows, betweenColumns] }
  const offsets = offsetsOf(dataSet, plane, number(dataSet, T.NumberOfFrames) ?? 1)
  if (!offsets) return undefined
  return {
    rows,
    columns,
    samples: sampleTypeOf(dataSet),
    plane,
    offsets,
    scaling,
    unit: text(dataSet, T.DoseUnits),
    type: text(dataSet, T.DoseType),
    summation: text(dataSet, T.DoseSummationType),
    frameOfReferenceUid: text(dataSet, T.FrameOfReferenceUID),
  }
}

/** So far beyond its border (in its own pixels, or mm between frames) a point still counts as on it: rounding of places comes to less. */
const BORDER = 1e-6

/** A place among so many points from 0; undefined beside them. */
function among(place: number, points: number): number | undefined {
  return place < -BORDER || place > points - 1 + BORDER ? undefined : Math.min(points - 1, Math.max(0, place))
}

/**
 * The dose at a patient point, linear between the eight nearest grid points; undefined outside the grid, whose ends are the centres of
 * its outermost pixels. values: frames one after another, stored numbers.
 */
export function doseAt(grid: DoseGrid, values: Float64Array, point: Triple): number | undefined {
  const [column, row] = toImagePoint(grid.plane, point)
  const [u, v] = [among(column - 0.5, grid.columns), among(row - 0.5, grid.rows)]
  const normal = normalOf(grid.plane)
  const height = dot([point[0] - grid.plane.origin[0], point[1] - grid.plane.origin[1], point[2] - grid.plane.origin[2]], normal)
  const layer = layerOf(grid.offsets, height)
  if (layer === undefined || u === undefined || v === undefined) return undefined
  const near = planar(grid, values, layer.near, u, v)
  const far = layer.share === 0 ? near : planar(grid, values, layer.far, u, v)
  return (near + (far - near) * layer.share) * grid.scaling
}

function planar(grid: DoseGrid, values: Float64Array, frame: number, u: number, v: number): number {
  const [left, top] = [Math.floor(u), Math.floor(v)]
  const [right, bottom] = [Math.min(left + 1, grid.columns - 1), Math.min(top + 1, grid.rows - 1)]
  const at = (column: number, row: number) => values[(frame * grid.rows + row) * grid.columns + column] ?? 0
  const upper = at(left, top) + (at(right, top) - at(left, top)) * (u - left)
  const lower = at(left, bottom) + (at(right, bottom) - at(left, bottom)) * (u - left)
  return upper + (lower - upper) * (v - top)
}

/** The frames on either side of a height, and how far toward the far one; offsets may rise or fall. */
function layerOf(offsets: readonly number[], height: number): { near: number; far: number; share: number } | undefined {
  for (const [near, from] of offsets.entries()) {
    const to = offsets[near + 1]
    if (Math.abs(height - from) < BORDER) return { near, far: near, share: 0 }
    if (to !== undefined && (height - from) * (height - to) < 0) return { near, far: near + 1, share: (height - from) / (to - from) }
  }
  return undefined
}
