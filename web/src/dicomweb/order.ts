/** The order in which the frames of a series are shown: along the normal of the slices where the geometry permits, else by instance number. */
import type { Frame, Triple } from './frame'

export interface OrderedFrames {
  readonly frames: readonly Frame[]
  /** True when the order follows positions in the patient. */
  readonly byPosition: boolean
  /** True when the distance between neighbouring slices varies by more than a tenth of a millimetre and 5 %. */
  readonly uneven: boolean
}

const PARALLEL = 0.9999
const SAME_PLACE_MM = 0.01

export function cross(a: Triple, b: Triple): Triple {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

export function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

function normalOf(frame: Frame): Triple | undefined {
  return frame.rowCosines && frame.columnCosines ? cross(frame.rowCosines, frame.columnCosines) : undefined
}

/** Distance of each frame along the common normal, mm; undefined unless all are parallel and no two lie in one place. */
function distancesOf(frames: readonly Frame[]): number[] | undefined {
  const [first] = frames
  const normal = first && normalOf(first)
  if (!normal || frames.length < 2) return undefined
  const distances: number[] = []
  for (const frame of frames) {
    const own = normalOf(frame)
    if (!own || !frame.position || dot(own, normal) < PARALLEL) return undefined
    distances.push(dot(frame.position, normal))
  }
  const sorted = [...distances].sort((a, b) => a - b)
  const repeated = sorted.some((distance, index) => index > 0 && distance - (sorted[index - 1] ?? 0) < SAME_PLACE_MM)
  return repeated ? undefined : distances
}

function byNumber(a: Frame, b: Frame): number {
  const first = a.instanceNumber ?? Number.MAX_SAFE_INTEGER
  const second = b.instanceNumber ?? Number.MAX_SAFE_INTEGER
  if (first !== second) return first - second
  if (a.sopInstanceUid !== b.sopInstanceUid) return a.sopInstanceUid < b.sopInstanceUid ? -1 : 1
  return a.frameNumber - b.frameNumber
}

function isUneven(distances: readonly number[]): boolean {
  const sorted = [...distances].sort((a, b) => a - b)
  const gaps = sorted.slice(1).map((distance, index) => distance - (sorted[index] ?? 0))
  const smallest = Math.min(...gaps)
  const largest = Math.max(...gaps)
  return gaps.length > 1 && largest - smallest > 0.1 && largest > smallest * 1.05
}

export function orderFrames(frames: readonly Frame[]): OrderedFrames {
  const numbered = [...frames].sort(byNumber)
  const distances = distancesOf(numbered)
  if (!distances) return { frames: numbered, byPosition: false, uneven: false }
  // The direction in which most instance numbers rise is the one that the scanner meant.
  const rising = distances.slice(1).filter((distance, index) => distance > (distances[index] ?? 0)).length
  const sign = rising * 2 >= distances.length - 1 ? 1 : -1
  const placed = numbered.map((frame, index) => ({ frame, distance: sign * (distances[index] ?? 0) }))
  placed.sort((a, b) => a.distance - b.distance)
  return { frames: placed.map(({ frame }) => frame), byPosition: true, uneven: isUneven(distances) }
}
