/** Where slices meet in the patient: the line of one slice on another, and the slice of a stack that a point lies in. Pure. */
import type { Frame, Triple } from './frame'
import { type ImagePoint, type Plane, distanceFrom, planeOf, toImagePoint, toPatient } from './plane'

export type Segment = readonly [from: ImagePoint, to: ImagePoint]

export interface Slice {
  readonly plane: Plane
  readonly columns: number
  readonly rows: number
  readonly frameOfReferenceUid: string
}

/** Undefined where the frame does not say where in which frame of reference it lies. */
export function sliceOf(frame: Frame | undefined): Slice | undefined {
  const plane = frame && planeOf(frame)
  if (!plane || !frame?.frameOfReferenceUid) return undefined
  return { plane, columns: frame.columns, rows: frame.rows, frameOfReferenceUid: frame.frameOfReferenceUid }
}

/** The part of a segment for which 0 ≤ value ≤ limit; value is linear along it. */
function clipped([from, to]: readonly [number, number], [a, b]: readonly [number, number], limit: number): readonly [number, number] | undefined {
  const at = (t: number) => a + (b - a) * t
  if (a === b) return a >= 0 && a <= limit ? [from, to] : undefined
  const ends = [(0 - a) / (b - a), (limit - a) / (b - a)] as const
  const [low, high] = [Math.max(from, Math.min(...ends)), Math.min(to, Math.max(...ends))]
  return low < high && Number.isFinite(at(low)) ? [low, high] : undefined
}

/** The points on the edge of a slice at which a linear function of the image is zero; none where it does not cross. */
function zeroOnEdges({ columns, rows }: Slice, value: (point: ImagePoint) => number): ImagePoint[] {
  const corners: ImagePoint[] = [[0, 0], [columns, 0], [columns, rows], [0, rows]]
  return corners.flatMap((corner, at) => {
    const next = corners[(at + 1) % 4] ?? corner
    const [a, b] = [value(corner), value(next)]
    if (a === b || Math.sign(a) === Math.sign(b)) return []
    const t = a / (a - b)
    return [[corner[0] + (next[0] - corner[0]) * t, corner[1] + (next[1] - corner[1]) * t] as const]
  })
}

/** The line of another slice on this one, no longer than the other image is; undefined where they do not meet, or lie in other frames. */
export function crossingOf(here: Slice, other: Slice): Segment | undefined {
  if (here.frameOfReferenceUid !== other.frameOfReferenceUid) return undefined
  const [first, last] = zeroOnEdges(here, (point) => distanceFrom(other.plane, toPatient(here.plane, point)))
  if (!first || !last) return undefined
  const inOther = [first, last].map((point) => toImagePoint(other.plane, toPatient(here.plane, point))) as [ImagePoint, ImagePoint]
  const columns = clipped([0, 1], [inOther[0][0], inOther[1][0]], other.columns)
  const both = columns && clipped(columns, [inOther[0][1], inOther[1][1]], other.rows)
  if (!both) return undefined
  const at = (t: number): ImagePoint => [first[0] + (last[0] - first[0]) * t, first[1] + (last[1] - first[1]) * t]
  return [at(both[0]), at(both[1])]
}

export interface PatientPoint {
  readonly frameOfReferenceUid: string
  /** mm. */
  readonly at: Triple
}

export function patientPoint(slice: Slice, point: ImagePoint): PatientPoint {
  return { frameOfReferenceUid: slice.frameOfReferenceUid, at: toPatient(slice.plane, point) }
}

/** How far a slice without neighbours reaches from its middle, where its thickness is not known, mm. */
const REACH_OF_ONE_MM = 2.5

/** Half the way to the nearer neighbour, or half of the thickness of a lone slice, mm. */
function reachOf(frames: readonly (Frame | undefined)[], index: number, plane: Plane): number {
  const ways = [frames[index - 1], frames[index + 1]].flatMap((frame) => {
    const other = frame && planeOf(frame)
    const way = other ? Math.abs(distanceFrom(plane, other.origin)) : 0
    return way > 0 ? [way] : []
  })
  return ways.length > 0 ? Math.min(...ways) / 2 : (frames[index]?.sliceThickness ?? 2 * REACH_OF_ONE_MM) / 2
}

/** The slice in which a patient point lies, within half the gap; undefined where there is none: a neighbour is never taken for it. */
export function sliceThrough(point: PatientPoint, frames: readonly (Frame | undefined)[]): number | undefined {
  let best: { index: number; distance: number; plane: Plane } | undefined
  for (const [index, frame] of frames.entries()) {
    const slice = sliceOf(frame)
    if (!slice || slice.frameOfReferenceUid !== point.frameOfReferenceUid) continue
    const distance = Math.abs(distanceFrom(slice.plane, point.at))
    if (!best || distance < best.distance) best = { index, distance, plane: slice.plane }
  }
  return best && best.distance <= reachOf(frames, best.index, best.plane) + 1e-3 ? best.index : undefined
}

/** Where a patient point is on a slice, and whether it lies in it; undefined in another frame of reference or outside of the image. */
export function pointOn(slice: Slice, point: PatientPoint): ImagePoint | undefined {
  if (slice.frameOfReferenceUid !== point.frameOfReferenceUid) return undefined
  const [column, row] = toImagePoint(slice.plane, point.at)
  return column >= 0 && column <= slice.columns && row >= 0 && row <= slice.rows ? [column, row] : undefined
}
