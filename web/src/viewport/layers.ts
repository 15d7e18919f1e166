/**
 * Layers: SVG drawn over the picture, by image points. A pane draws each of its layers again when its camera or its image changes.
 * An element of a layer with the attribute data-takes-pointer has the left button and one finger for itself (use React's onPointer…);
 * everything else, and the wheel and the other buttons everywhere, goes to the tools of the viewport.
 */
import type { ComponentType } from 'react'

import type { Frame } from '../dicomweb/frame'
import type { ImagePoint, ScreenPoint } from './geometry'
import type { StackView } from './stack-view'
import type { ViewState } from './view-state'

export type { ImagePoint, ScreenPoint } from './geometry'

export interface LayerProps {
  /** The stack that is drawn; undefined in a pane that draws without one (video, a document). */
  readonly view: StackView | undefined
  /** The frame whose pixels are on the screen. */
  readonly frame: Frame
  readonly state: ViewState
  readonly toScreen: (point: ImagePoint) => ScreenPoint
  readonly toImage: (point: ScreenPoint) => ImagePoint
  /** Of the pane: width and height, CSS pixels. */
  readonly size: readonly [number, number]
  /** The tool that the left button has: a layer that owns it draws an element over everything that takes the pointer. */
  readonly activeTool: string
}

export interface Layer {
  readonly id: string
  /** Its root is an SVG element (<g>, <line>, …), or null. */
  readonly Layer: ComponentType<LayerProps>
}
