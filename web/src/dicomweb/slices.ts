/** What is wrong with a stack of parallel slices: where slices are missing, and whether they are sheared against their normal. Pure. */
import type { Frame } from './frame'
import { cross, dot } from './order'

export interface Gap {
  /** Place in the stack, from 0, of the last image before the gap. */
  readonly after: number
  /** From that image to the next, along the normal. */
  readonly mm: number
  /** What it is between most neighbours. */
  readonly usualMm: number
  /** How many slices have their place in between; undefined where the numbers of the images go on, so that the step is meant. */
  readonly missing: number | undefined
}

/** A step this much longer than the usual one is a gap. */
const LONGER = 1.5
/** With more long steps than this share the spacing is just uneven, and nothing says which steps are gaps. */
const AT_MOST = 0.25
/** Below this the slices stand upright on their normal, up to rounding. */
const UPRIGHT_DEGREES = 0.5

type Placed = Frame & Required<Pick<Frame, 'position' | 'rowCosines' | 'columnCosines'>>

function placedIn(frames: readonly Frame[]): readonly Placed[] | undefined {
  const all = frames.length > 1 && frames.every(({ position, rowCosines, columnCosines }) => position && rowCosines && columnCosines)
  return all ? (frames as readonly Placed[]) : undefined
}

function stepsOf(frames: readonly Placed[]): number[] {
  const [first] = frames
  if (!first?.rowCosines || !first.columnCosines) return []
  const normal = cross(first.rowCosines, first.columnCosines)
  const distances = frames.map(({ position }) => (position ? dot(position, normal) : 0))
  return distances.slice(1).map((distance, at) => Math.abs(distance - (distances[at] ?? 0)))
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
}

/** frames: in their order along the normal. Empty where the geometry does not tell, and for fewer than four slices. */
export function gapsOf(frames: readonly Frame[]): Gap[] {
  const placed = placedIn(frames)
  if (!placed || placed.length < 4) return []
  const steps = stepsOf(placed)
  const usualMm = median(steps)
  const long = steps.flatMap((mm, after) => (usualMm > 0 && mm > usualMm * LONGER ? [{ mm, after }] : []))
  if (long.length > steps.length * AT_MOST) return []
  return long.map(({ mm, after }) => ({ after, mm, usualMm, missing: missingAt(placed, after, Math.round(mm / usualMm) - 1) }))
}

function missingAt(frames: readonly Placed[], after: number, fitting: number): number | undefined {
  const [from, to] = [frames[after]?.instanceNumber, frames[after + 1]?.instanceNumber]
  const goesOn = from !== undefined && to !== undefined && Math.abs(to - from) === 1
  return goesOn ? undefined : Math.max(1, fitting)
}

/**
 * Degrees between the way from slice to slice and the normal of the slices, as a tilted gantry makes it; undefined when upright or
 * not known. Such a stack is no upright block: reformatting it as one would shear the patient.
 */
export function tiltOf(frames: readonly Frame[]): number | undefined {
  const placed = placedIn(frames)
  const [first, last] = [placed?.[0], placed?.at(-1)]
  if (!first?.position || !last?.position || !first.rowCosines || !first.columnCosines) return undefined
  const normal = cross(first.rowCosines, first.columnCosines)
  const [from, to] = [first.position, last.position]
  const way = [to[0] - from[0], to[1] - from[1], to[2] - from[2]] as const
  const length = Math.hypot(...way)
  if (length === 0) return undefined
  const degrees = (Math.acos(Math.min(1, Math.abs(dot(way, normal)) / length)) * 180) / Math.PI
  return degrees > UPRIGHT_DEGREES && degrees < 60 ? degrees : undefined
}
