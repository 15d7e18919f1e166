/** A window from the values themselves: between two percentiles of what occurs, whole or in a rectangle. Pure. */
import type { PixelScale, Range } from './voi'

export interface Part {
  readonly left: number
  readonly top: number
  /** Not part of it any more. */
  readonly right: number
  readonly bottom: number
}

/** As many values as decide a window to well under a grey. */
const SAMPLES = 65_536
const LOW = 0.01
const HIGH = 0.99

/**
 * pixels: row by row, as they lie in memory. Returns modality values, or undefined where there is no image in the part.
 */
export function usualRange(pixels: ArrayLike<number>, columns: number, scale: PixelScale, part: Part): Range | undefined {
  const [wide, high] = [part.right - part.left, part.bottom - part.top]
  if (wide <= 0 || high <= 0) return undefined
  const step = Math.max(1, Math.ceil(Math.sqrt((wide * high) / SAMPLES)))
  const [low, top] = scale.padding ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const values: number[] = []
  for (let row = part.top; row < part.bottom; row += step) {
    for (let column = part.left; column < part.right; column += step) {
      const pixel = pixels[row * columns + column]
      if (pixel !== undefined && Number.isFinite(pixel) && !(pixel >= low && pixel <= top)) values.push(pixel)
    }
  }
  if (values.length === 0) return undefined
  const sorted = Float64Array.from(values).toSorted()
  const at = (share: number) => (sorted[Math.round(share * (sorted.length - 1))] ?? 0) * scale.slope + scale.intercept
  const ends = [at(LOW), at(HIGH)] as const
  return { lower: Math.min(...ends), upper: Math.max(...ends) }
}

/** Image points of two corners as whole pixels of an image. */
export function partBetween(a: readonly [number, number], b: readonly [number, number], columns: number, rows: number): Part {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value))
  return {
    left: within(Math.floor(Math.min(a[0], b[0])), columns),
    top: within(Math.floor(Math.min(a[1], b[1])), rows),
    right: within(Math.ceil(Math.max(a[0], b[0])), columns),
    bottom: within(Math.ceil(Math.max(a[1], b[1])), rows),
  }
}
