/**
 * Which pixels lie in a region, and what their values are like. A pixel belongs to a region when its centre (column + 0.5, row + 0.5)
 * lies in it; padding (PS3.3 C.7.5.1.1.2) never counts.
 */
import type { ImagePoint, MeasurementKind } from './measurement'

/** Values of one frame after the modality table, row by row. */
export interface PixelValues {
  readonly rows: number
  readonly columns: number
  /** The value at an index (row · columns + column); NaN where there is none (padding). */
  readonly at: (index: number) => number
}

export interface Statistics {
  readonly count: number
  readonly mean: number
  /** Of all pixels of the region, not an estimate for others: divided by their number. */
  readonly sd: number
  readonly min: number
  readonly max: number
}

type Span = (row: number) => readonly (readonly [from: number, to: number])[]

/** Where a horizontal line through the centres of a row runs inside a polygon (even-odd). */
function polygonSpans(points: readonly ImagePoint[]): Span {
  return (row) => {
    const y = row + 0.5
    const crossings: number[] = []
    for (const [index, [x1, y1]] of points.entries()) {
      const [x2, y2] = points[(index + 1) % points.length] ?? [x1, y1]
      if (y1 <= y !== y2 <= y) crossings.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1))
    }
    crossings.sort((a, b) => a - b)
    return crossings.flatMap((from, index) => (index % 2 === 0 ? [[from, crossings[index + 1] ?? from] as const] : []))
  }
}

/** The same for an ellipse: the points c + α u + β v with α² + β² ≤ 1. */
function ellipseSpans(points: readonly ImagePoint[]): Span {
  const [a, b, c, d] = points as readonly [ImagePoint, ImagePoint, ImagePoint, ImagePoint]
  const centre: ImagePoint = [(a[0] + b[0] + c[0] + d[0]) / 4, (a[1] + b[1] + c[1] + d[1]) / 4]
  const [ux, uy, vx, vy] = [(b[0] - a[0]) / 2, (b[1] - a[1]) / 2, (d[0] - c[0]) / 2, (d[1] - c[1]) / 2]
  const determinant = ux * vy - uy * vx
  return (row) => {
    if (determinant === 0) return []
    const y = row + 0.5 - centre[1]
    // α = (vy·x − vx·y)/D, β = (ux·y − uy·x)/D: a quadratic in x.
    const quadratic = vy * vy + uy * uy
    const linear = -2 * y * (vx * vy + ux * uy)
    const constant = y * y * (vx * vx + ux * ux) - determinant * determinant
    const root = linear * linear - 4 * quadratic * constant
    if (quadratic === 0 || root < 0) return []
    const [middle, half] = [-linear / (2 * quadratic), Math.sqrt(root) / (2 * quadratic)]
    return [[centre[0] + middle - half, centre[0] + middle + half]]
  }
}

function verticalExtent(kind: MeasurementKind, points: readonly ImagePoint[]): readonly [number, number] {
  const ys = points.map(([, y]) => y)
  if (kind !== 'ellipse') return [Math.min(...ys), Math.max(...ys)]
  const [a, b, c, d] = ys as [number, number, number, number]
  const half = Math.hypot((b - a) / 2, (d - c) / 2)
  const centre = (a + b + c + d) / 4
  return [centre - half, centre + half]
}

/** Calls visit with the index of every pixel whose centre lies in the region and in the image. */
export function eachPixel(kind: MeasurementKind, points: readonly ImagePoint[], size: { rows: number; columns: number }, visit: (index: number) => void): void {
  const spans = kind === 'ellipse' ? ellipseSpans(points) : polygonSpans(points)
  const [top, bottom] = verticalExtent(kind, points)
  const lastRow = Math.min(size.rows - 1, Math.floor(bottom))
  for (let row = Math.max(0, Math.floor(top)); row <= lastRow; row += 1) {
    for (const [from, to] of spans(row)) {
      const last = Math.min(size.columns - 1, Math.ceil(to - 0.5) - (Number.isInteger(to - 0.5) ? 0 : 1))
      for (let column = Math.max(0, Math.ceil(from - 0.5)); column <= last; column += 1) visit(row * size.columns + column)
    }
  }
}

/** undefined when the region holds no pixel with a value. */
export function statistics(kind: MeasurementKind, points: readonly ImagePoint[], values: PixelValues): Statistics | undefined {
  let [count, mean, squares, min, max] = [0, 0, 0, Infinity, -Infinity]
  eachPixel(kind, points, values, (index) => {
    const value = values.at(index)
    if (Number.isNaN(value)) return
    count += 1
    // Welford's update: no loss where values are large and close together.
    const off = value - mean
    mean += off / count
    squares += off * (value - mean)
    if (value < min) min = value
    if (value > max) max = value
  })
  return count === 0 ? undefined : { count, mean, sd: Math.sqrt(squares / count), min, max }
}
