/** Where a slice lies in the patient, and which slice of another stack lies there too. Pure. */
import type { Frame, Triple } from '../../dicomweb/frame'
import { cross, dot } from '../../dicomweb/order'

export interface Place {
  readonly frameOfReferenceUid: string
  readonly normal: Triple
  /** Along the normal, mm. */
  readonly distance: number
}

/** Slices that lean apart by more than this have no common order (cosine). */
const PARALLEL = 0.99
/** A lone slice has no neighbours to tell how far it reaches, mm. */
const REACH_OF_ONE_MM = 2.5

/** Undefined where the frame does not say where it lies. */
export function placeOf(frame: Frame | undefined): Place | undefined {
  if (!frame?.position || !frame.rowCosines || !frame.columnCosines || !frame.frameOfReferenceUid) return undefined
  const normal = cross(frame.rowCosines, frame.columnCosines)
  return { frameOfReferenceUid: frame.frameOfReferenceUid, normal, distance: dot(frame.position, normal) }
}

/** Whether two places lie on slices of one direction, so that one could be the other's. */
export function isParallel(one: Place, other: Place): boolean {
  return Math.abs(dot(one.normal, other.normal)) > PARALLEL
}

/**
 * The index of the frame nearest to a place; undefined where the frames lie in another frame of reference or another direction, or
 * none lies within half the gap between neighbours: a slice is never taken for one that is not there.
 */
export function nearestPlace(place: Place, frames: readonly (Frame | undefined)[]): number | undefined {
  const along = frames.map((frame) => {
    const own = placeOf(frame)
    const same = own && own.frameOfReferenceUid === place.frameOfReferenceUid && isParallel(own, place)
    return same && frame?.position ? dot(frame.position, place.normal) : undefined
  })
  let best: number | undefined
  for (const [index, distance] of along.entries()) {
    if (distance === undefined) continue
    const now = best === undefined ? Infinity : Math.abs((along[best] ?? Infinity) - place.distance)
    if (Math.abs(distance - place.distance) < now) best = index
  }
  if (best === undefined) return undefined
  return Math.abs((along[best] ?? 0) - place.distance) <= reachOf(along, best) + 1e-3 ? best : undefined
}

/** Half the gap to the nearer neighbour, mm. */
function reachOf(along: readonly (number | undefined)[], index: number): number {
  const here = along[index] ?? 0
  const gaps = [along[index - 1], along[index + 1]].flatMap((other) => (other === undefined ? [] : [Math.abs(other - here)]))
  return gaps.length > 0 ? Math.min(...gaps) / 2 : REACH_OF_ONE_MM
}
