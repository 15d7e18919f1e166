/** How the image on a canvas is shown, as the viewport has it. */
import type { StackViewport } from '@cornerstonejs/core'

import type { Voi } from '../dicomweb/voi'
import { middleOf, zoomOf } from './camera'
import { axesOf, lieOf, scaleOf, toImage } from './geometry'
import type { Greys } from './greys'
import { frameOf } from './known-frames'
import type { Presentation } from './presentation'
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

/** The whole of how an image is shown, to be remembered and laid again; undefined before it is drawn. */
export function presentedAs(viewport: StackViewport, greys: Greys, imageId: string, index: number): Presentation | undefined {
  const axes = axesOf(viewport)
  if (!axes) return undefined
  const voi = greys.current()
  const window = voi?.kind === 'window' ? voi : undefined
  return {
    centre: window?.centre,
    width: window?.width,
    voiFunction: window?.voiFunction,
    voiTable: voi?.kind === 'table' ? voi.index : undefined,
    windowChosen: greys.isChosen,
    invert: viewport.getProperties().invert !== isNegative(imageId),
    ...lieOf(axes),
    flipV: false,
    zoom: zoomOf(viewport),
    pan: toImage(viewport, middleOf(viewport)),
    index,
    imageId,
  }
}
