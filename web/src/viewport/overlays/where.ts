/** On which slices of a stack the parts of an overlay lie. */
import type { Frame, Triple } from '../../dicomweb/frame'
import { dot } from '../../dicomweb/order'
import { normalOf, onSliceWithin, planeOf } from '../../dicomweb/plane'
import type { Part, Place } from './protocol'

export interface WantedImage {
  readonly sopInstanceUid: string
  /** From 1; undefined: the first. */
  readonly frameNumber: number | undefined
}

/** Place of an image in a stack, from 0; -1 where it is none of its images. */
export function indexOfImage(stack: readonly string[], { sopInstanceUid, frameNumber = 1 }: WantedImage): number {
  return stack.findIndex((imageId) => imageId.endsWith(`/${sopInstanceUid}/${frameNumber}`))
}

interface Slice {
  readonly height: number
  readonly index: number
}

export interface StackHeights {
  readonly normal: Triple
  /** Along the normal, mm, rising. */
  readonly slices: readonly Slice[]
}

/** Undefined unless all frames of the stack are parallel and say where they lie. */
export function heightsOf(frames: readonly (Frame | undefined)[]): StackHeights | undefined {
  const planes = frames.map((frame) => frame && planeOf(frame))
  const [first] = planes
  if (!first) return undefined
  const normal = normalOf(first)
  const slices: Slice[] = []
  for (const [index, plane] of planes.entries()) {
    if (!plane || Math.abs(dot(normalOf(plane), normal)) < 0.9999) return undefined
    slices.push({ height: dot(plane.origin, normal), index })
  }
  return { normal, slices: slices.sort((a, b) => a.height - b.height) }
}

/** The slice that a point lies on, by its place in the stack; undefined where it lies between slices or beside them. */
export function sliceAt({ normal, slices }: StackHeights, point: Triple): number | undefined {
  const height = dot(point, normal)
  let [low, high] = [0, slices.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((slices[middle]?.height ?? 0) < height) low = middle + 1
    else high = middle
  }
  const [below, above] = [slices[low - 1], slices[low]]
  const nearest = !below || (above && above.height - height < height - below.height) ? above : below
  if (!nearest) return undefined
  const at = nearest === above ? low : low - 1
  const gaps = [slices[at - 1], slices[at + 1]].flatMap((other) => (other ? [Math.abs(other.height - nearest.height)] : []))
  const gap = Math.min(...gaps.filter((one) => one > 0))
  return Math.abs(nearest.height - height) <= onSliceWithin(Number.isFinite(gap) ? gap : undefined) ? nearest.index : undefined
}

export interface Lying {
  /** Places in the stack, rising; each once. */
  readonly on: readonly number[]
  /** How many of the part's frames or contours lie on no slice of this stack. */
  readonly beside: number
}

function indexOf(place: Place, stack: readonly string[], heights: StackHeights | undefined): number | undefined {
  if (heights && place.point) return sliceAt(heights, place.point)
  if (place.sopInstanceUid === undefined) return undefined
  const index = indexOfImage(stack, { sopInstanceUid: place.sopInstanceUid, frameNumber: place.frameNumber })
  return index < 0 ? undefined : index
}

export function lyingOn(part: Part, stack: readonly string[], heights: StackHeights | undefined): Lying {
  const on = new Set<number>()
  let beside = 0
  for (const place of part.places) {
    const index = indexOf(place, stack, heights)
    if (index === undefined) beside += 1
    else on.add(index)
  }
  return { on: [...on].sort((a, b) => a - b), beside }
}
