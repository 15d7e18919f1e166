/**
 * What a reader measured or marked on one frame. The same JSON goes to the server and comes back (domain/reading/measurements.py).
 * Points are image points [column, row] as SCOORD has them (PS3.3 C.18.6.1.2): (0, 0) is the outer corner of the first pixel,
 * its centre is (0.5, 0.5).
 */

export type ImagePoint = readonly [column: number, row: number]

/**
 * How many points each kind has, and what they are:
 * length, ultrasound-region-length: both ends. angle: end of one arm, vertex, end of the other arm. cobb: both ends of one line,
 * both ends of the other. bidirectional: both ends of the long axis, both ends of the short axis. ellipse: both ends of the
 * major axis, both ends of the minor axis (as SCOORD ELLIPSE). rectangle: the four corners in turn. freehand: the corners of a closed
 * polygon in turn, the first not repeated, at least 3. arrow: the tip, the tail. text, probe: the place.
 * cardiothoracic-ratio: both ends of the heart's width, both ends of the thorax's inner width.
 * ultrasound-region-probe: a place in a region that is no picture of the body (time, velocity). calibration: both ends of a known length.
 */
export const POINT_COUNT = {
  length: 2,
  angle: 3,
  cobb: 4,
  bidirectional: 4,
  ellipse: 4,
  rectangle: 4,
  freehand: undefined,
  arrow: 2,
  text: 1,
  probe: 1,
  'ultrasound-region-length': 2,
  'ultrasound-region-probe': 1,
  'cardiothoracic-ratio': 4,
  calibration: 2,
} as const

export type MeasurementKind = keyof typeof POINT_COUNT

export const KINDS = Object.keys(POINT_COUNT) as readonly MeasurementKind[]

/** Where mm came from; 'none' where they are unknown and lengths are in pixels. */
export type SpacingSource =
  | 'pixel-spacing'
  | 'imager'
  | 'imager-magnification-corrected'
  | 'calibrated'
  | 'ultrasound-region'
  | 'user-calibration'
  | 'none'

/** 'length' is the long axis of a bidirectional, 'value' what a probe reads. */
export type Quantity =
  | 'length'
  | 'short-axis'
  | 'angle'
  | 'area'
  | 'perimeter'
  | 'mean'
  | 'sd'
  | 'min'
  | 'max'
  | 'value'
  | 'ratio'
  | 'heart-width'
  | 'thorax-width'
  | 'time'
  | 'velocity'
  | 'frequency'
  | 'pixel-count'

/** unit: UCUM, such as 'mm', 'deg', 'mm2', "[hnsf'U]", 'g/ml{SUVbw}', '{pixels}', '{pixels}2', '1', 's', 'cm/s'. */
export interface MeasuredResult {
  readonly quantity: Quantity
  readonly value: number
  readonly unit: string
}

/** A coded concept (PS3.3 8.8). */
export interface Code {
  readonly value: string
  readonly scheme: string
  readonly meaning: string
}

export interface UserCalibration {
  /** mm per pixel down a column (row to row) and along a row. */
  readonly mm_per_pixel: readonly [row: number, column: number]
  readonly by: 'user'
  /** The id of the calibration measurement that it was taken from. */
  readonly of_measurement?: string
}

export interface Measurement {
  readonly id: string
  readonly kind: MeasurementKind
  readonly series_instance_uid: string
  readonly sop_instance_uid: string
  /** From 1. */
  readonly frame_number: number
  readonly points: readonly ImagePoint[]
  /** The words of an arrow or a text. */
  readonly text?: string
  /** What the reader calls it. */
  readonly label?: string
  readonly finding?: Code
  readonly site?: Code
  readonly results: readonly MeasuredResult[]
  readonly spacing_source: SpacingSource
  readonly calibration?: UserCalibration
  /** UTC, ISO 8601. */
  readonly created_at: string
  readonly modified_at: string
}
