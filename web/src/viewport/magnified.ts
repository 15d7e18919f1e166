/** A part of the image on screen, drawn from its own pixels with the same greys: for the magnifier. */
import { cache, type Types } from '@cornerstonejs/core'

import { shownGrey } from '../dicomweb/voi'
import type { Frame } from '../dicomweb/frame'
import { greyFactsOf, pixelsOf } from './grey'
import type { ViewState } from './view-state'

export interface Area {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

type Painter = (pixel: number, out: Uint8ClampedArray, at: number) => void

function greyPainter(image: Types.IImage, frame: Frame, { voi, inverted }: ViewState): Painter | undefined {
  const facts = greyFactsOf(image)
  if (!facts || !voi) return undefined
  const pixels = pixelsOf(image)
  const grey = shownGrey(voi, facts.tables, facts.scale, inverted !== frame.negative)
  return (pixel, out, at) => out.fill(grey(pixels[pixel] ?? 0), at, at + 3)
}

function colourPainter(image: Types.IImage, { inverted }: ViewState): Painter {
  const pixels = pixelsOf(image)
  const components = pixels.length >= image.rows * image.columns * 4 ? 4 : 3
  return (pixel, out, at) => {
    for (let component = 0; component < 3; component += 1) {
      const value = pixels[pixel * components + component] ?? 0
      out[at + component] = inverted ? 255 - value : value
    }
  }
}

/** Pixels outside of the image stay transparent. Undefined while the image is not in memory. */
export function pictureOf(frame: Frame, state: ViewState, { left, top, width, height }: Area): ImageData | undefined {
  const image = state.imageId === undefined ? undefined : cache.getImage(state.imageId)
  const paint = image && (image.color ? colourPainter(image, state) : greyPainter(image, frame, state))
  if (!image || !paint) return undefined
  const picture = new ImageData(width, height)
  for (let row = Math.max(0, -top); row < height && top + row < image.rows; row += 1) {
    for (let column = Math.max(0, -left); column < width && left + column < image.columns; column += 1) {
      const at = (row * width + column) * 4
      paint((top + row) * image.columns + left + column, picture.data, at)
      picture.data[at + 3] = 255
    }
  }
  return picture
}
