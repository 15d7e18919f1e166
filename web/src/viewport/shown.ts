/** How the image on a canvas is shown, as the viewport has it. */
import type { StackViewport, Types } from '@cornerstonejs/core'

import { axesOf, scaleOf } from './geometry'
import { frameOf } from './known-frames'
import { insideOf } from './stack-inside'
import type { ViewState } from './view-state'
import { rangeOf, windowOf } from './window'

/** MONOCHROME1: the smallest value is the brightest. */
export function isNegative(imageId: string | undefined): boolean {
  return frameOf(imageId)?.photometricInterpretation === 'MONOCHROME1'
}

export function shownWith(viewport: StackViewport, imageId: string): Partial<ViewState> {
  const { voiRange, invert = false } = viewport.getProperties()
  const { rotation = 0 } = viewport.getViewPresentation()
  const { flipHorizontal = false, flipVertical = false } = viewport.getCamera()
  const setting = voiRange && windowOf(voiRange, frameOf(imageId)?.voiFunction)
  return {
    centre: setting?.centre,
    width: setting?.width,
    zoom: scaleOf(viewport),
    rotation: Math.round(rotation) % 360,
    flipHorizontal,
    flipVertical,
    inverted: invert !== isNegative(imageId),
    axes: axesOf(viewport),
  }
}

/** The window and polarity of the image itself; cornerstone's own reset loses them for MONOCHROME1. */
export function resetGreys(viewport: StackViewport, imageId: string | undefined): void {
  const image = viewport.getCornerstoneImage() as Types.IImage | undefined
  if (typeof image?.windowCenter !== 'number' || typeof image.windowWidth !== 'number') return
  const voiRange = rangeOf({ centre: image.windowCenter, width: image.windowWidth }, frameOf(imageId)?.voiFunction)
  viewport.setProperties({ voiRange, invert: isNegative(imageId) })
  // From here on each image has its own window again.
  insideOf(viewport).voiUpdatedWithSetProperties = false
}
