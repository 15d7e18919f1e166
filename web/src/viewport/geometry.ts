/**
 * Where image points lie on the screen, and screen points in the image.
 * An image point is [column, row] as in SCOORD (PS3.3 C.18.6.1.2): (0, 0) is the outer corner of the first pixel, (0.5, 0.5) its centre.
 * A screen point is [right, down] from the upper left corner of the viewport, CSS pixels.
 */
import { getShouldUseCPURendering, type StackViewport, type Types } from '@cornerstonejs/core'

import type { ScreenAxes } from '../dicomweb/orientation'

export type ImagePoint = readonly [column: number, row: number]
export type ScreenPoint = readonly [right: number, down: number]

/** cornerstone's world counts from the centre of the first pixel with graphics, and from its outer corner without. */
function cornerOffset(): number {
  return getShouldUseCPURendering() ? 0 : 0.5
}

function imageData(viewport: StackViewport): Types.IImageData | undefined {
  return viewport.getImageData() as Types.IImageData | undefined
}

/** Undefined while there is no image. */
export function toScreen(viewport: StackViewport, [column, row]: ImagePoint): ScreenPoint | undefined {
  const data = imageData(viewport)
  if (!data) return undefined
  const { origin, spacing, direction } = data
  const right = (column - cornerOffset()) * (spacing[0] ?? 1)
  const down = (row - cornerOffset()) * (spacing[1] ?? 1)
  const world = [0, 1, 2].map((axis) => (origin[axis] ?? 0) + right * (direction[axis] ?? 0) + down * (direction[axis + 3] ?? 0))
  const [x, y] = viewport.worldToCanvas(world as Types.Point3)
  return [x, y]
}

/** Undefined while there is no image. */
export function toImage(viewport: StackViewport, [right, down]: ScreenPoint): ImagePoint | undefined {
  const data = imageData(viewport)
  if (!data) return undefined
  const { origin, spacing, direction } = data
  const world = viewport.canvasToWorld([right, down])
  const along = (offset: 0 | 3): number =>
    [0, 1, 2].reduce((sum, axis) => sum + ((world[axis] ?? 0) - (origin[axis] ?? 0)) * (direction[offset + axis] ?? 0), 0)
  return [along(0) / (spacing[0] ?? 1) + cornerOffset(), along(3) / (spacing[1] ?? 1) + cornerOffset()]
}

/** Where a row and a column of the image point on the screen, measured by asking where three points of the canvas lie. */
export function axesOf(viewport: StackViewport): ScreenAxes | undefined {
  const direction = imageData(viewport)?.direction
  if (!direction) return undefined
  const [from, right, down] = [[0, 0], [100, 0], [0, 100]].map((point) => viewport.canvasToWorld(point as Types.Point2))
  if (!from || !right || !down) return undefined
  const along = (to: Types.Point3, offset: 0 | 3): number => {
    const parts = [0, 1, 2].map((axis) => ((to[axis] ?? 0) - (from[axis] ?? 0)) * (direction[offset + axis] ?? 0))
    return parts.reduce((sum, part) => sum + part, 0)
  }
  const unit = (x: number, y: number) => Math.hypot(x, y) || 1
  const [rowRight, rowDown] = [along(right, 0), along(down, 0)]
  const [columnRight, columnDown] = [along(right, 3), along(down, 3)]
  return {
    row: [rowRight / unit(rowRight, columnRight), rowDown / unit(rowDown, columnDown)],
    column: [columnRight / unit(rowRight, columnRight), columnDown / unit(rowDown, columnDown)],
  }
}

/** Screen pixels per image pixel, along a row. */
export function scaleOf(viewport: StackViewport): number {
  const data = imageData(viewport)
  if (!data) return 1
  const [from, to] = [[0, 0], [100, 0]].map((point) => viewport.canvasToWorld(point as Types.Point2))
  if (!from || !to) return 1
  const mm = Math.hypot(...[0, 1, 2].map((axis) => (to[axis] ?? 0) - (from[axis] ?? 0)))
  return mm > 0 ? (100 * (data.spacing[0] ?? 1)) / mm : 1
}

/** How an image lies on the screen: turned clockwise first, then mirrored left to right (the order of PS3.3 C.10.6). */
export interface Lie {
  /** Degrees clockwise, 0 to under 360. */
  readonly rotation: number
  readonly flipH: boolean
}

export function lieOf({ row, column }: ScreenAxes): Lie {
  const flipH = row[0] * column[1] - row[1] * column[0] < 0
  const degrees = (Math.atan2(row[1], flipH ? -row[0] : row[0]) * 180) / Math.PI
  return { rotation: ((Math.round(degrees) % 360) + 360) % 360, flipH }
}
