/** Turning, flipping, zooming and centring a stack: the same on the screen whether it is drawn with graphics or without. */
import { getShouldUseCPURendering, type StackViewport, type Types } from '@cornerstonejs/core'

import { axesOf, type ImagePoint, type Lie, lieOf, scaleOf, type ScreenPoint, toImage, toScreen } from './geometry'

export type FlipAxis = 'horizontal' | 'vertical'

/** Degrees clockwise, added to how it lies now. */
export function rotate(viewport: StackViewport, degrees: number): void {
  const { rotation = 0 } = viewport.getViewPresentation()
  viewport.setViewPresentation({ rotation: (((rotation + degrees) % 360) + 360) % 360 })
}

/** As seen on the screen, however it was turned before. */
export function flip(viewport: StackViewport, axis: FlipAxis): void {
  const { flipHorizontal = false, flipVertical = false } = viewport.getCamera()
  viewport.setCamera(axis === 'horizontal' ? { flipHorizontal: !flipHorizontal } : { flipVertical: !flipVertical })
  // Without graphics the picture is flipped before it is turned; turned the other way, that is the flip seen on screen.
  if (getShouldUseCPURendering()) rotate(viewport, -2 * (viewport.getViewPresentation().rotation ?? 0))
}

export function upright(viewport: StackViewport): void {
  viewport.setCamera({ flipHorizontal: false, flipVertical: false })
  viewport.setViewPresentation({ rotation: 0 })
}

/** Columns and rows of the image on the screen, and the height of a pixel in its widths. */
function shapeOf(viewport: StackViewport): { columns: number; rows: number; tall: number } {
  const data = viewport.getImageData() as Types.IImageData | undefined
  const [columns, rows] = data?.dimensions ?? [1, 1]
  return { columns, rows, tall: (data?.spacing[1] ?? 1) / (data?.spacing[0] ?? 1) }
}

/** Screen pixels per image pixel at which the whole image, upright, just fits. */
function fittingScale(viewport: StackViewport): number {
  const { clientWidth, clientHeight } = viewport.element
  const { columns, rows, tall } = shapeOf(viewport)
  return Math.min(clientWidth / columns, clientHeight / (rows * tall))
}

export function middleOf({ element }: StackViewport): ScreenPoint {
  return [element.clientWidth / 2, element.clientHeight / 2]
}

/** 1: the whole image just fits. */
export function zoomOf(viewport: StackViewport): number {
  return scaleOf(viewport) / fittingScale(viewport)
}

/** Brings an image point to a place of the viewport. */
function bring(viewport: StackViewport, point: ImagePoint, to: ScreenPoint): void {
  const from = toScreen(viewport, point)
  const { focalPoint, position } = viewport.getCamera()
  if (!from || !focalPoint || !position) return
  const [here, there] = [to, from].map((at) => viewport.canvasToWorld([...at] as Types.Point2))
  const moved = (corner: Types.Point3) =>
    [0, 1, 2].map((axis) => (corner[axis] ?? 0) + (there?.[axis] ?? 0) - (here?.[axis] ?? 0)) as Types.Point3
  viewport.setCamera({ focalPoint: moved(focalPoint), position: moved(position) })
}

/** Brings an image point to the middle of the viewport. */
export function centreOn(viewport: StackViewport, point: ImagePoint): void {
  bring(viewport, point, middleOf(viewport))
}

/** Fingers make the whole image no smaller than this, and a pixel of it no larger than this on the screen. */
const SMALLEST_ZOOM = 0.1
const LARGEST_PIXEL = 64

/** Zooms by a factor, and what was at one place of the viewport is then at the other. */
export function pinch(viewport: StackViewport, factor: number, from: ScreenPoint, to: ScreenPoint): void {
  const held = toImage(viewport, from)
  const [scale, zoom] = [scaleOf(viewport), zoomOf(viewport)]
  const most = Math.max(1, LARGEST_PIXEL / scale)
  const least = Math.min(1, SMALLEST_ZOOM / zoom)
  viewport.setZoom(viewport.getZoom() * Math.min(most, Math.max(least, factor)))
  if (held) bring(viewport, held, to)
}

export interface Placing extends Lie {
  readonly flipV: boolean
  readonly zoom: number
  readonly pan: ImagePoint | undefined
}

export function place(viewport: StackViewport, { rotation, flipH, flipV, zoom, pan }: Placing): void {
  const now = axesOf(viewport)
  const lies = now && lieOf(now)
  // Turned only where it must be: turning there and back would lose fractions of a pixel.
  if (flipV || lies?.rotation !== rotation || lies.flipH !== flipH) {
    upright(viewport)
    if (rotation !== 0) rotate(viewport, rotation)
    if (flipH) flip(viewport, 'horizontal')
    if (flipV) flip(viewport, 'vertical')
  }
  viewport.setZoom(viewport.getZoom() * (zoom / zoomOf(viewport)))
  const { columns, rows } = shapeOf(viewport)
  centreOn(viewport, pan ?? [columns / 2, rows / 2])
}
