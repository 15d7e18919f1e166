/**
 * Plane geometry on image points. A scale [row, column] turns pixels into mm (or into widths of a pixel, where mm are unknown), so that
 * pixels that are not square are measured right. Points, lengths and areas are in the unit of the scale; angles in degrees.
 */
import type { ImagePoint } from './measurement'

export type Scale = readonly [row: number, column: number]

/** A vector in the plane: along a row, down a column. */
export type Vector = readonly [x: number, y: number]

export const vector = (from: ImagePoint, to: ImagePoint, [row, column]: Scale): Vector => [(to[0] - from[0]) * column, (to[1] - from[1]) * row]

export const distance = (from: ImagePoint, to: ImagePoint, scale: Scale): number => Math.hypot(...vector(from, to, scale))

export const midpoint = (a: ImagePoint, b: ImagePoint): ImagePoint => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]

const crossOf = (a: Vector, b: Vector): number => a[0] * b[1] - a[1] * b[0]
const dotOf = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1]

/** 0 to 180. */
export function between(a: Vector, b: Vector): number {
  return (Math.atan2(Math.abs(crossOf(a, b)), dotOf(a, b)) * 180) / Math.PI
}

/** The angle at the vertex, 0 to 180. */
export function angleAt(points: readonly [ImagePoint, ImagePoint, ImagePoint], scale: Scale): number {
  return between(vector(points[1], points[0], scale), vector(points[1], points[2], scale))
}

/**
 * The angle between two end plates, 0 to 180. Each line is taken from left to right, so that a curve of more than 90 degrees
 * is not told as its complement; it does not matter from which end a line was drawn.
 */
export function cobbAngle(points: readonly [ImagePoint, ImagePoint, ImagePoint, ImagePoint], scale: Scale): number {
  const rightward = (from: ImagePoint, to: ImagePoint): Vector => {
    const [x, y] = vector(from, to, scale)
    return x < 0 || (x === 0 && y < 0) ? [-x, -y] : [x, y]
  }
  return between(rightward(points[0], points[1]), rightward(points[2], points[3]))
}

/** Of a closed polygon (shoelace formula). */
export function polygonArea(points: readonly ImagePoint[], [row, column]: Scale): number {
  const doubled = points.reduce((sum, point, index) => {
    const next = points[(index + 1) % points.length] ?? point
    return sum + (point[0] * next[1] - next[0] * point[1])
  }, 0)
  return (Math.abs(doubled) / 2) * row * column
}

export function perimeter(points: readonly ImagePoint[], scale: Scale): number {
  return points.reduce((sum, point, index) => sum + distance(point, points[(index + 1) % points.length] ?? point, scale), 0)
}

/** Of an ellipse given by both ends of its axes. The axes need not be at right angles after scaling: conjugate diameters do as well. */
export function ellipseArea(points: readonly ImagePoint[], scale: Scale): number {
  const [a, b, c, d] = points
  if (!a || !b || !c || !d) return 0
  return (Math.PI / 4) * Math.abs(crossOf(vector(a, b, scale), vector(c, d, scale)))
}

/** Ramanujan's second approximation; its error is below 0.05 % for any ellipse (Ramanujan 1914). Axes at right angles in the plane. */
export function ellipsePerimeter(points: readonly ImagePoint[], scale: Scale): number {
  const [a, b, c, d] = points
  if (!a || !b || !c || !d) return 0
  const [p, q] = principalSemiAxes(vector(a, b, scale), vector(c, d, scale))
  if (p + q === 0) return 0
  const h = ((p - q) / (p + q)) ** 2
  return Math.PI * (p + q) * (1 + (3 * h) / (10 + Math.sqrt(4 - 3 * h)))
}

/** Half lengths of the axes of the ellipse with two conjugate diameters: singular values of the matrix of their halves. */
export function principalSemiAxes(first: Vector, second: Vector): readonly [number, number] {
  const [u, v] = [first, second].map(([x, y]): Vector => [x / 2, y / 2]) as [Vector, Vector]
  const sum = dotOf(u, u) + dotOf(v, v)
  const twice = 2 * Math.abs(crossOf(u, v))
  const [plus, minus] = [Math.sqrt(sum + twice), Math.sqrt(Math.max(0, sum - twice))]
  return [(plus + minus) / 2, (plus - minus) / 2]
}

function crosses(a: ImagePoint, b: ImagePoint, c: ImagePoint, d: ImagePoint): boolean {
  const side = (from: ImagePoint, to: ImagePoint, point: ImagePoint) => Math.sign(crossOf(vector(from, to, [1, 1]), vector(from, point, [1, 1])))
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0
}

/** Whether the outline of a polygon crosses itself: it then has no area that one could mean. */
export function crossesItself(points: readonly ImagePoint[]): boolean {
  const at = (index: number): ImagePoint => points[index % points.length] ?? [0, 0]
  for (let i = 0; i < points.length; i += 1) {
    for (let j = i + 2; j < points.length; j += 1) {
      if (crosses(at(i), at(i + 1), at(j), at(j + 1))) return true
    }
  }
  return false
}

/** How long a line is when only its part along another one counts. */
export function lengthAlong(line: readonly [ImagePoint, ImagePoint], direction: readonly [ImagePoint, ImagePoint], scale: Scale): number {
  const along = vector(direction[0], direction[1], scale)
  const size = Math.hypot(...along)
  return size === 0 ? 0 : Math.abs(dotOf(vector(line[0], line[1], scale), along)) / size
}
