/**
 * Calibrated regions of ultrasound images (PS3.3 C.8.5.5): each has its own units and sizes, and only inside one region can anything
 * be measured. Columns and rows of regions count pixels from 0; an edge is part of its region.
 */
import { type DataSet, items, number } from '../dicomweb/json'
import { TAG } from '../dicomweb/tags'
import type { ImagePoint, MeasuredResult, Quantity } from './measurement'

/** Values of (0018,6024) and (0018,6026) that we can measure with: what they mean, and how they are told. */
const UNITS: Readonly<Record<number, { quantity: Quantity; unit: string; factor: number }>> = {
  3: { quantity: 'length', unit: 'mm', factor: 10 },
  4: { quantity: 'time', unit: 's', factor: 1 },
  5: { quantity: 'frequency', unit: 'Hz', factor: 1 },
  7: { quantity: 'velocity', unit: 'cm/s', factor: 1 },
}

export interface Axis {
  readonly quantity: Quantity
  readonly unit: string
  /** Size of a pixel in the unit; the sign tells in which direction values rise. */
  readonly delta: number
  /** The pixel that has the reference value, counted from the region's first one. */
  readonly referencePixel: number | undefined
  readonly referenceValue: number
}

export interface UltrasoundRegion {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly x: Axis | undefined
  readonly y: Axis | undefined
  /** A picture of the body: mm in both directions. */
  readonly isPicture: boolean
}

interface AxisTags {
  readonly units: string
  readonly delta: string
  readonly pixel: string
  readonly value: string
}

const X_TAGS: AxisTags = {
  units: TAG.PhysicalUnitsXDirection,
  delta: TAG.PhysicalDeltaX,
  pixel: TAG.ReferencePixelX0,
  value: TAG.ReferencePixelPhysicalValueX,
}
const Y_TAGS: AxisTags = {
  units: TAG.PhysicalUnitsYDirection,
  delta: TAG.PhysicalDeltaY,
  pixel: TAG.ReferencePixelY0,
  value: TAG.ReferencePixelPhysicalValueY,
}

function axisOf(region: DataSet, tags: AxisTags): Axis | undefined {
  const unit = UNITS[number(region, tags.units) ?? 0]
  const delta = number(region, tags.delta)
  if (!unit || delta === undefined || delta === 0) return undefined
  return {
    quantity: unit.quantity,
    unit: unit.unit,
    delta: delta * unit.factor,
    referencePixel: number(region, tags.pixel),
    referenceValue: (number(region, tags.value) ?? 0) * unit.factor,
  }
}

function regionOf(region: DataSet): UltrasoundRegion | undefined {
  const edges = [TAG.RegionLocationMinX0, TAG.RegionLocationMinY0, TAG.RegionLocationMaxX1, TAG.RegionLocationMaxY1]
  const [left, top, right, bottom] = edges.map((tag) => number(region, tag))
  if (left === undefined || top === undefined || right === undefined || bottom === undefined) return undefined
  const [x, y] = [axisOf(region, X_TAGS), axisOf(region, Y_TAGS)]
  return { left, top, right, bottom, x, y, isPicture: x?.unit === 'mm' && y?.unit === 'mm' }
}

/** The regions of an image in which something can be measured; of those that overlap, the ones of high priority come first. */
export function ultrasoundRegions(dataSet: DataSet): UltrasoundRegion[] {
  const HIGH_PRIORITY = 1
  const all = items(dataSet, TAG.SequenceOfUltrasoundRegions)
  const priority = (region: DataSet) => (number(region, TAG.RegionFlags) ?? 0) & HIGH_PRIORITY
  const ordered = [...all].sort((a, b) => priority(b) - priority(a))
  return ordered.flatMap((each) => regionOf(each) ?? []).filter(({ x, y }) => x ?? y)
}

function holds(region: UltrasoundRegion, [column, row]: ImagePoint): boolean {
  return column >= region.left && column <= region.right + 1 && row >= region.top && row <= region.bottom + 1
}

/** The region that a point is in; where a high-priority one lies on another, that one. */
export function regionAt(regions: readonly UltrasoundRegion[], point: ImagePoint): UltrasoundRegion | undefined {
  return regions.find((region) => holds(region, point))
}

/** The one region that holds all points; undefined when there is none or they lie in several. */
export function commonRegion(regions: readonly UltrasoundRegion[], points: readonly ImagePoint[]): UltrasoundRegion | undefined {
  const [first, ...others] = points.map((point) => regionAt(regions, point))
  return others.every((region) => region === first) ? first : undefined
}

/** What lies between two points of one region that is no picture: along each of its axes, never across both. */
export function differences(region: UltrasoundRegion, from: ImagePoint, to: ImagePoint): MeasuredResult[] {
  const along = (axis: Axis | undefined, pixels: number): MeasuredResult[] =>
    axis ? [{ quantity: axis.quantity, value: Math.abs(pixels * axis.delta), unit: axis.unit }] : []
  return [...along(region.x, to[0] - from[0]), ...along(region.y, to[1] - from[1])]
}

/** What the axes of a region say at a point; only of axes whose zero is known. */
export function readings(region: UltrasoundRegion, [column, row]: ImagePoint): MeasuredResult[] {
  const read = (axis: Axis | undefined, edge: number, place: number): MeasuredResult[] => {
    if (axis?.referencePixel === undefined) return []
    const value = axis.referenceValue + (place - 0.5 - edge - axis.referencePixel) * axis.delta
    return [{ quantity: axis.quantity, value, unit: axis.unit }]
  }
  return [...read(region.x, region.left, column), ...read(region.y, region.top, row)]
}
