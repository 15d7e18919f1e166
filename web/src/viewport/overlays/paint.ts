/** Masks and values to colours: RGBA pictures in the grid of the object. */
import type { Colour } from '../../dicomweb/colours'

/** How much of each pixel belongs to a part, 0 to 255. */
export interface Cover {
  readonly part: number
  readonly colour: Colour
  readonly share: Uint8Array
}

/** Parts laid over one another in their order (straight alpha). The picture is opaque where a part is whole; the page makes it thin. */
export function painted(covers: readonly Cover[], pixels: number): Uint8ClampedArray<ArrayBuffer> {
  const picture = new Uint8ClampedArray(pixels * 4)
  for (const { colour, share } of covers) {
    for (let pixel = 0; pixel < pixels; pixel += 1) {
      const above = (share[pixel] ?? 0) / 255
      if (above > 0) lay(picture, pixel * 4, colour, above)
    }
  }
  return picture
}

function lay(picture: Uint8ClampedArray, at: number, colour: Colour, above: number): void {
  const below = ((picture[at + 3] ?? 0) / 255) * (1 - above)
  const alpha = above + below
  for (const channel of [0, 1, 2] as const) picture[at + channel] = (colour[channel] * above + (picture[at + channel] ?? 0) * below) / alpha
  picture[at + 3] = alpha * 255
}

/**
 * "Viridis" of matplotlib (van der Walt and Smith, CC0) at nine places: rises evenly in brightness, also for colour-blind eyes
 * and on paper.
 */
const SCALE: readonly Colour[] = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
]

/** share: 0 at the lower end, 1 at the upper; what lies beyond takes the end's colour. */
export function scaleColour(share: number): Colour {
  const place = Math.min(1, Math.max(0, share)) * (SCALE.length - 1)
  const index = Math.min(SCALE.length - 2, Math.floor(place))
  const [from, to] = [SCALE[index] ?? [0, 0, 0], SCALE[index + 1] ?? [0, 0, 0]]
  const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (to[channel] - from[channel]) * (place - index))
  return [mix(0), mix(1), mix(2)]
}

/** Values below the lower end, and what is no number, stay without colour. */
export function paintedValues(values: Float64Array, [low, high]: readonly [number, number]): Uint8ClampedArray<ArrayBuffer> {
  const picture = new Uint8ClampedArray(values.length * 4)
  const span = high > low ? high - low : 1
  for (const [pixel, value] of values.entries()) {
    if (!(value >= low)) continue
    const [red, green, blue] = scaleColour((value - low) / span)
    picture.set([red, green, blue, 255], pixel * 4)
  }
  return picture
}
