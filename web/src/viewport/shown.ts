/** How the image on a canvas is shown, as the viewport has it. */
import type { StackViewport } from '@cornerstonejs/core'

import type { Voi } from '../dicomweb/voi'
import { axesOf, scaleOf } from './geometry'
import { frameOf } from './known-frames'
import type { ViewState } from './view-state'

/** Low values are bright; the picture of such a file is not called inverted. */
export function isNegative(imageId: string | undefined): boolean {
  return frameOf(imageId)?.negative ?? false
}

export function shownWith(viewport: StackViewport, imageId: string, voi: Voi | undefined): Partial<ViewState> {
  const { invert = false } = viewport.getProperties()
  const { rotation = 0 } = viewport.getViewPresentation()
  const { flipHorizontal = false, flipVertical = false } = viewport.getCamera()
  const window = voi?.kind === 'window' ? voi : undefined
  return {
    voi,
    centre: window?.centre,
    width: window?.width,
    zoom: scaleOf(viewport),
    rotation: Math.round(rotation) % 360,
    flipHorizontal,
    flipVertical,
    inverted: invert !== isNegative(imageId),
    axes: axesOf(viewport),
  }
}
