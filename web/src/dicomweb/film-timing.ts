/** When which image of a film is due: from Frame Time (Vector), Cine Rate and Recommended Display Frame Rate (PS3.3 C.7.6.5). Pure. */
import type { Frame } from './frame'
import { number, numbers } from './json'
import { TAG } from './tags'

export const USUAL_RATE = 15

export type FilmMode = 'loop' | 'bounce' | 'once'

/** How long a frame stays on screen, ms; undefined where the file does not say. */
export function durationOf(frame: Frame): number | undefined {
  const { dataSet, frameNumber } = frame
  const recommended = number(dataSet, TAG.RecommendedDisplayFrameRate)
  if (recommended !== undefined && recommended > 0) return 1000 / recommended
  const vector = numbers(dataSet, TAG.FrameTimeVector)
  if (vector.length > 1) return durationInVector(vector, frameNumber)
  const frameTime = number(dataSet, TAG.FrameTime)
  if (frameTime !== undefined && frameTime > 0) return frameTime
  const rate = number(dataSet, TAG.CineRate)
  return rate !== undefined && rate > 0 ? 1000 / rate : undefined
}

/** The vector says when a frame follows the one before it; the last frame stays for the mean of all. */
function durationInVector(vector: readonly number[], frameNumber: number): number | undefined {
  const steps = vector.slice(1).filter((step) => step > 0)
  const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length
  const own = vector[frameNumber]
  const duration = own !== undefined && own > 0 ? own : mean
  return Number.isFinite(duration) ? duration : undefined
}

/** Durations of a stack's images, ms; those that say nothing get the usual rate. */
export function durationsOf(frames: readonly (Frame | undefined)[]): number[] {
  return frames.map((frame) => (frame && durationOf(frame)) ?? 1000 / USUAL_RATE)
}

/** Images per second, on the average. */
export function rateOf(durations: readonly number[]): number {
  const total = durations.reduce((sum, duration) => sum + duration, 0)
  return total > 0 ? (1000 * durations.length) / total : USUAL_RATE
}

/** What the file asks for at first: Preferred Playback Sequencing, and the trims (from 1 in the file, from 0 here). */
export function wishesOf(frame: Frame): { readonly mode: FilmMode; readonly first: number; readonly last: number } {
  const count = frame.frameCount
  const within = (value: number | undefined, other: number) => (value !== undefined && value >= 1 && value <= count ? value - 1 : other)
  const first = within(number(frame.dataSet, TAG.StartTrim), 0)
  const last = within(number(frame.dataSet, TAG.StopTrim), count - 1)
  const mode = number(frame.dataSet, TAG.PreferredPlaybackSequencing) === 1 ? 'bounce' : 'loop'
  return first < last ? { mode, first, last } : { mode, first: 0, last: count - 1 }
}

export interface Reel {
  /** Places in the stack in the order in which they are shown. */
  readonly order: readonly number[]
  /** When each is due, ms from the start. */
  readonly due: readonly number[]
  readonly lengthMs: number
  readonly once: boolean
}

export interface ReelWishes {
  readonly durations: readonly number[]
  readonly first: number
  readonly last: number
  readonly mode: FilmMode
  /** Images per second asked for; intervals keep their proportions. */
  readonly rate: number
}

export function reelOf({ durations, first, last, mode, rate }: ReelWishes): Reel {
  const there = Array.from({ length: Math.max(1, last - first + 1) }, (_, at) => first + at)
  const order = mode === 'bounce' ? [...there, ...there.slice(1, -1).toReversed()] : there
  const speed = rate / rateOf(there.map((at) => durations[at] ?? 1000 / USUAL_RATE))
  const due: number[] = []
  let lengthMs = 0
  for (const at of order) {
    due.push(lengthMs)
    lengthMs += (durations[at] ?? 1000 / USUAL_RATE) / speed
  }
  return { order, due, lengthMs, once: mode === 'once' }
}

/** The image due after so many ms; undefined when a film that runs once is over. */
export function imageAt(reel: Reel, ms: number): number | undefined {
  if (reel.once && ms >= reel.lengthMs) return undefined
  const at = reel.lengthMs > 0 ? ms % reel.lengthMs : 0
  let [low, high] = [0, reel.due.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((reel.due[middle] ?? 0) <= at) low = middle
    else high = middle - 1
  }
  return reel.order[low]
}

/** When the image is due for the first time, to go on from it; 0 when it is not part of the reel. */
export function startAt(reel: Reel, image: number): number {
  const at = reel.order.indexOf(image)
  return at < 0 ? 0 : (reel.due[at] ?? 0)
}
