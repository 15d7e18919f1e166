/** The numbers of one measurement: from its points, the header of its frame, and the values of its pixels. Pure. */
import type { Frame } from '../dicomweb/frame'
import * as geometry from './geometry'
import type { ImagePoint, MeasuredResult, MeasurementKind, Quantity, SpacingSource, UserCalibration } from './measurement'
import { type PixelValues, statistics } from './region'
import { type Spacing, spacingOf } from './spacing'
import type { SuvKind } from './suv'
import { commonRegion, differences, readings, regionAt, type UltrasoundRegion, ultrasoundRegions } from './ultrasound'
import { valueUnitOf } from './values'

/** What the reader must be told where a number is missing or means less than it seems. */
export type Remark =
  | 'pixels-only'
  | 'at-detector'
  | 'across-regions'
  | 'outside-regions'
  | 'not-a-picture'
  | 'crosses-itself'
  | 'no-values'
  | 'no-suv'
  | 'not-calibrated-here'

export interface Measured {
  readonly kind: MeasurementKind
  readonly results: readonly MeasuredResult[]
  readonly spacing_source: SpacingSource
  readonly calibration?: UserCalibration
  readonly remarks: readonly Remark[]
}

export interface Subject {
  readonly frame: Frame
  /** After the modality table; undefined where the screen's pixels are not the file's (drawn by the server, colour). */
  readonly values: PixelValues | undefined
  readonly calibration: UserCalibration | undefined
  readonly suv: SuvKind
}

type Points = readonly ImagePoint[]
type Four = readonly [ImagePoint, ImagePoint, ImagePoint, ImagePoint]

/** Lengths in mm and areas in mm², or in widths of a pixel. */
interface Ruler {
  readonly scale: geometry.Scale
  readonly length: string
  readonly area: string
  readonly source: SpacingSource
  readonly calibration?: UserCalibration
  readonly remarks: readonly Remark[]
}

const PIXELS = { length: '{pixels}', area: '{pixels}2' }
const MM = { length: 'mm', area: 'mm2' }

function rulerOf(spacing: Spacing): Ruler {
  const { source, mmPerPixel, calibration, atDetector, shape } = spacing
  if (!mmPerPixel) return { ...PIXELS, scale: shape, source, remarks: ['pixels-only'] }
  return { ...MM, scale: mmPerPixel, source, calibration, remarks: atDetector ? ['at-detector'] : [] }
}

function inPicture(region: UltrasoundRegion): Ruler {
  const scale = [Math.abs(region.y?.delta ?? 1), Math.abs(region.x?.delta ?? 1)] as const
  return { ...MM, scale, source: 'ultrasound-region', remarks: [] }
}

/** With what to measure here, or why not at all. */
function rulerFor({ frame, calibration }: Subject, points: Points): Ruler | Remark {
  const regions = ultrasoundRegions(frame.dataSet)
  if (regions.length === 0 || calibration) return rulerOf(spacingOf(frame, calibration))
  const region = commonRegion(regions, points)
  if (region) return region.isPicture ? inPicture(region) : 'not-a-picture'
  return points.some((point) => regionAt(regions, point)) ? 'across-regions' : 'outside-regions'
}

const result = (quantity: Quantity, value: number, unit: string): MeasuredResult => ({ quantity, value, unit })

/** The lengths, angles and areas of each kind; kinds without any are not listed. */
const LENGTHS: Partial<Record<MeasurementKind, (points: Points, ruler: Ruler) => MeasuredResult[]>> = {
  length: ([a, b], { scale, length }) => (a && b ? [result('length', geometry.distance(a, b, scale), length)] : []),
  'ultrasound-region-length': ([a, b], { scale, length }) => (a && b ? [result('length', geometry.distance(a, b, scale), length)] : []),
  angle: (points, { scale }) => [result('angle', geometry.angleAt(points as unknown as [ImagePoint, ImagePoint, ImagePoint], scale), 'deg')],
  cobb: (points, { scale }) => [result('angle', geometry.cobbAngle(points as Four, scale), 'deg')],
  bidirectional: (points, { scale, length }) => {
    const [a, b, c, d] = points as Four
    const sizes = [geometry.distance(a, b, scale), geometry.distance(c, d, scale)]
    return [result('length', Math.max(...sizes), length), result('short-axis', Math.min(...sizes), length)]
  },
  ellipse: (points, { scale, length, area }) => [
    result('area', geometry.ellipseArea(points, scale), area),
    result('perimeter', geometry.ellipsePerimeter(points, scale), length),
  ],
  rectangle: outlined,
  freehand: outlined,
  'cardiothoracic-ratio': (points, { scale, length }) => {
    const [a, b, c, d] = points as Four
    const thorax = geometry.distance(c, d, scale)
    const heart = geometry.lengthAlong([a, b], [c, d], scale)
    const ratio = thorax > 0 ? [result('ratio', heart / thorax, '1')] : []
    return [...ratio, result('heart-width', heart, length), result('thorax-width', thorax, length)]
  },
}

function outlined(points: Points, { scale, length, area }: Ruler): MeasuredResult[] {
  if (geometry.crossesItself(points)) return []
  return [result('area', geometry.polygonArea(points, scale), area), result('perimeter', geometry.perimeter(points, scale), length)]
}

const REGIONS: ReadonlySet<MeasurementKind> = new Set(['ellipse', 'rectangle', 'freehand'])

/** Mean, SD, least and greatest of the pixels in a region, in the unit of the frame's values. */
function regionValues(kind: MeasurementKind, points: Points, { frame, values, suv }: Subject): { results: MeasuredResult[]; remarks: Remark[] } {
  if (!values) return { results: [], remarks: ['no-values'] }
  const found = statistics(kind, points, values)
  if (!found) return { results: [], remarks: ['no-values'] }
  const { factor, unit, suvRefused } = valueUnitOf(frame, suv)
  const told = (['mean', 'sd', 'min', 'max'] as const).map((quantity) => result(quantity, found[quantity] * factor, unit))
  return { results: [...told, result('pixel-count', found.count, '{pixels}')], remarks: suvRefused ? ['no-suv'] : [] }
}

function probe(point: ImagePoint, { frame, values, suv }: Subject): Measured {
  const [column, row] = [Math.floor(point[0]), Math.floor(point[1])]
  const inside = column >= 0 && row >= 0 && column < frame.columns && row < frame.rows
  const value = inside && values ? values.at(row * frame.columns + column) : Number.NaN
  const { factor, unit, suvRefused } = valueUnitOf(frame, suv)
  const results = Number.isNaN(value) ? [] : [result('value', value * factor, unit)]
  const remarks: Remark[] = results.length === 0 ? ['no-values'] : suvRefused ? ['no-suv'] : []
  return { kind: 'probe', results, spacing_source: 'none', remarks }
}

/** Ultrasound that is no picture: time, depth, velocity along the axes of the region. */
function along(kind: MeasurementKind, points: Points, frame: Frame): Measured | undefined {
  const region = commonRegion(ultrasoundRegions(frame.dataSet), points)
  const [from, to] = points
  if (!region || region.isPicture || !from) return undefined
  const base = { spacing_source: 'ultrasound-region', remarks: [] } as const
  if (kind === 'probe' || kind === 'ultrasound-region-probe') return { ...base, kind: 'ultrasound-region-probe', results: readings(region, from) }
  const isLine = kind === 'length' || kind === 'ultrasound-region-length'
  return isLine && to ? { ...base, kind: 'ultrasound-region-length', results: differences(region, from, to) } : undefined
}

/** The numbers of a measurement with these points. What cannot be said right is left out, and a remark says why. */
export function measure(kind: MeasurementKind, points: Points, subject: Subject): Measured {
  const nothing = (remarks: Remark[]): Measured => ({ kind, results: [], spacing_source: 'none', remarks })
  const [first] = points
  if (!first || kind === 'arrow' || kind === 'text') return nothing([])
  const elsewhere = along(kind, points, subject.frame)
  if (elsewhere) return elsewhere
  if (kind === 'probe' || kind === 'ultrasound-region-probe') return probe(first, subject)
  if (kind === 'calibration') return { ...nothing([]), spacing_source: 'user-calibration', calibration: subject.calibration }
  const ruler = rulerFor(subject, points)
  const inside = REGIONS.has(kind) ? regionValues(kind, points, subject) : { results: [], remarks: [] }
  const crossing = (kind === 'freehand' || kind === 'rectangle') && geometry.crossesItself(points)
  if (crossing) return nothing(['crosses-itself'])
  if (typeof ruler === 'string') return { kind, results: inside.results, spacing_source: 'none', remarks: [ruler, ...inside.remarks] }
  const { source: spacing_source, calibration } = ruler
  const results = [...(LENGTHS[kind]?.(points, ruler) ?? []), ...inside.results]
  // An angle is the same in a shadow and in pixels.
  const remarks = kind === 'angle' || kind === 'cobb' ? [] : ruler.remarks
  return { kind, results, spacing_source, ...(calibration && { calibration }), remarks: [...remarks, ...inside.remarks] }
}

/** What a line of known length says about the size of a pixel, whose shape is kept; undefined for a line without length. */
export function calibrationFrom(points: Points, knownMm: number, frame: Frame): UserCalibration | undefined {
  const [from, to] = points
  const { mmPerPixel, shape } = spacingOf(frame)
  const scale = mmPerPixel ?? shape
  const length = from && to ? geometry.distance(from, to, scale) : 0
  if (!(length > 0 && knownMm > 0)) return undefined
  return { mm_per_pixel: [(scale[0] * knownMm) / length, (scale[1] * knownMm) / length], by: 'user' }
}
