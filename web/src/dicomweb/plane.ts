/**
 * Planes in the patient, and the way between patient points and image points (PS3.3 C.7.6.2.1.1, C.18.6.1.2).
 * An image point is [column, row]; (0, 0) is the outer corner of the first pixel, whose centre (0.5, 0.5) is the position in the file.
 */
import type { Frame, Triple } from './frame'
import { cross, dot } from './order'

export interface Plane {
  /** Centre of the first pixel, mm in the frame of reference. */
  readonly origin: Triple
  readonly row: Triple
  readonly column: Triple
  /** mm between rows, mm between columns. */
  readonly spacing: readonly [number, number]
}

export type ImagePoint = readonly [column: number, row: number]

/** Affine: image point x of one grid → [a·x + c·y + e, b·x + d·y + f], as SVG writes its matrices. */
export type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number]

/** Undefined where the file does not say where in the patient the frame lies. */
export function planeOf(frame: Frame): Plane | undefined {
  const { position, rowCosines, columnCosines, spacing } = frame
  if (!position || !rowCosines || !columnCosines || !spacing) return undefined
  return { origin: position, row: rowCosines, column: columnCosines, spacing }
}

export function normalOf(plane: Plane): Triple {
  return cross(plane.row, plane.column)
}

function minus(a: Triple, b: Triple): Triple {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

export function toPatient(plane: Plane, [column, row]: ImagePoint): Triple {
  const along = (column - 0.5) * plane.spacing[1]
  const down = (row - 0.5) * plane.spacing[0]
  const at = (axis: 0 | 1 | 2) => plane.origin[axis] + plane.row[axis] * along + plane.column[axis] * down
  return [at(0), at(1), at(2)]
}

/** Where a patient point falls on the plane, straight along its normal. */
export function toImagePoint(plane: Plane, point: Triple): ImagePoint {
  const from = minus(point, plane.origin)
  return [dot(from, plane.row) / plane.spacing[1] + 0.5, dot(from, plane.column) / plane.spacing[0] + 0.5]
}

/** Signed distance of a point from the plane along its normal, mm. */
export function distanceFrom(plane: Plane, point: Triple): number {
  return dot(minus(point, plane.origin), normalOf(plane))
}

/** The largest distance that counts as "on the slice", mm: what rounding of positions in files comes to. */
export const ON_SLICE_MM = 0.25

/** As ON_SLICE_MM, but never more than a quarter of the way to the next slice. gap: mm to it, undefined when there is none. */
export function onSliceWithin(gap: number | undefined): number {
  return gap === undefined || gap <= 0 ? ON_SLICE_MM : Math.min(ON_SLICE_MM, gap / 4)
}

/** Whether a grid of columns × rows lies in the plane, asked of its four corners. */
export function liesIn(plane: Plane, grid: Plane, columns: number, rows: number, toleranceMm: number): boolean {
  const corners: ImagePoint[] = [[0, 0], [columns, 0], [0, rows], [columns, rows]]
  return corners.every((corner) => Math.abs(distanceFrom(plane, toPatient(grid, corner))) <= toleranceMm)
}

/** Takes image points of the grid to image points of the plane. Both must lie in one plane. */
export function matrixBetween(grid: Plane, plane: Plane): Matrix {
  const [e, f] = toImagePoint(plane, toPatient(grid, [0, 0]))
  const [right, down] = [toImagePoint(plane, toPatient(grid, [1, 0])), toImagePoint(plane, toPatient(grid, [0, 1]))]
  return [right[0] - e, right[1] - f, down[0] - e, down[1] - f, e, f]
}
