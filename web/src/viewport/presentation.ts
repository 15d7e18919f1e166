/** How a stack is shown, as data: read from a viewport, and laid upon one. Undo, linked views, hanging and presentation states use it. */
import type { VoiFunction } from '../dicomweb/frame'
import type { ImagePoint } from './geometry'

export interface Presentation {
  /** The window, in the unit of the values; undefined for colour and while a table of the file is used. */
  readonly centre: number | undefined
  readonly width: number | undefined
  readonly voiFunction: VoiFunction | undefined
  /** Which item of the VOI LUT Sequence is used instead of a window, from 0. */
  readonly voiTable?: number | undefined
  /** False while each image is shown with the window of its own file: `apply` then leaves it so. */
  readonly windowChosen: boolean
  /** True when shown the other way round than the file asks; MONOCHROME1 by itself is not inverted. */
  readonly invert: boolean
  /** Degrees clockwise, applied first (PS3.3 C.10.6). `presentation()` tells every lie by these two, flipV false. */
  readonly rotation: number
  /** Mirrored left to right on the screen, after the rotation. */
  readonly flipH: boolean
  /** Mirrored top to bottom on the screen, after the rotation. */
  readonly flipV: boolean
  /** 1: the whole image just fits the viewport. Independent of the viewport's size. */
  readonly zoom: number
  /** The image point in the middle of the viewport; undefined: the middle of the image. */
  readonly pan: ImagePoint | undefined
  /** Place in the stack, from 0. `imageId`, where the stack has it, goes before it. */
  readonly index: number
  readonly imageId: string | undefined
}

/** True when two presentations look the same: what is not seen on the screen does not count. */
export function looksAlike(a: Presentation, b: Presentation): boolean {
  const near = (x: number | undefined, y: number | undefined, within: number) =>
    x === y || (x !== undefined && y !== undefined && Math.abs(x - y) <= within)
  return (
    a.windowChosen === b.windowChosen &&
    (!a.windowChosen || (near(a.centre, b.centre, 1e-6) && near(a.width, b.width, 1e-6) && a.voiFunction === b.voiFunction && a.voiTable === b.voiTable)) &&
    a.invert === b.invert &&
    a.rotation === b.rotation &&
    a.flipH === b.flipH &&
    a.flipV === b.flipV &&
    near(a.zoom, b.zoom, 1e-4) &&
    near(a.pan?.[0], b.pan?.[0], 0.05) &&
    near(a.pan?.[1], b.pan?.[1], 0.05)
  )
}
