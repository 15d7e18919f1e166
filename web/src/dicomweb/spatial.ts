/**
 * Shapes in the patient (SCOORD3D, PS3.3 C.18.9.1.2) where they lie on a slice: those in its plane, and the line along which it cuts an
 * ellipsoid. What leaves the slice is not drawn on it: a projection would be a place that nobody marked.
 */
import type { Triple } from './frame'
import { dot } from './order'
import { distanceFrom, type ImagePoint, type Plane, toImagePoint } from './plane'

export interface SpatialShape {
  /** POINT, MULTIPOINT, POLYLINE, POLYGON, ELLIPSE, ELLIPSOID. */
  readonly graphicType: string
  /** mm in its frame of reference. */
  readonly points: readonly Triple[]
}

/** In image points. lines: chains; points: single places. */
export interface OnSlice {
  readonly lines: readonly (readonly ImagePoint[])[]
  readonly points: readonly ImagePoint[]
}

const NOTHING: OnSlice = { lines: [], points: [] }
/** A round line is drawn with so many corners. */
const CORNERS = 72

const minus = (a: Triple, b: Triple): Triple => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
const between = (a: Triple, b: Triple): Triple => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2]
const half = (a: Triple, b: Triple): Triple => [(b[0] - a[0]) / 2, (b[1] - a[1]) / 2, (b[2] - a[2]) / 2]

/** cos and sin of the corners, around and back to the first. */
const around = <T>(make: (cos: number, sin: number) => T): T[] =>
  Array.from({ length: CORNERS + 1 }, (_, corner) => make(Math.cos((corner * 2 * Math.PI) / CORNERS), Math.sin((corner * 2 * Math.PI) / CORNERS)))

/** The ends of its axes: those of the major one, then of the minor one. */
function ellipseThrough([a, b, c, d]: readonly Triple[]): Triple[] {
  if (!a || !b || !c || !d) return []
  const [middle, major, minor] = [between(a, b), half(a, b), half(c, d)]
  const at = (axis: 0 | 1 | 2, cos: number, sin: number) => middle[axis] + major[axis] * cos + minor[axis] * sin
  return around((cos, sin): Triple => [at(0, cos, sin), at(1, cos, sin), at(2, cos, sin)])
}

/**
 * The ellipse in which a plane cuts an ellipsoid, given by the ends of its three axes. With x = right · row + down · column from the
 * plane's origin, the surface is a quadratic equation in right and down; its matrix is taken apart after Cholesky.
 */
function cutThrough(plane: Plane, [a, b, c, d, e, f]: readonly Triple[]): ImagePoint[] {
  if (!a || !b || !c || !d || !e || !f) return []
  const from = minus(plane.origin, between(a, b))
  const axes = [half(a, b), half(c, d), half(e, f)].map((axis) => ({ axis, square: dot(axis, axis) }))
  if (axes.some(({ square }) => !(square > 0))) return []
  const rows = axes.map(({ axis, square }) => [dot(plane.row, axis) / square, dot(plane.column, axis) / square, dot(from, axis) / square] as const)
  const sum = (one: 0 | 1 | 2, other: 0 | 1 | 2) => rows.reduce((total, row) => total + row[one] * row[other], 0)
  const [rr, rd, dd, r, down, rest] = [sum(0, 0), sum(0, 1), sum(1, 1), sum(0, 2), sum(1, 2), sum(2, 2)]
  const determinant = rr * dd - rd * rd
  if (!(determinant > 0)) return []
  const middle = [(rd * down - dd * r) / determinant, (rd * r - rr * down) / determinant] as const
  const left = 1 - (rest + r * middle[0] + down * middle[1])
  if (!(left > 0)) return []
  const [first, second] = [Math.sqrt(rr), Math.sqrt(determinant / rr)]
  return around((cos, sin): ImagePoint => {
    const along = (Math.sqrt(left) * sin) / second
    const right = (Math.sqrt(left) * cos) / first - (rd / rr) * along
    return [(middle[0] + right) / plane.spacing[1] + 0.5, (middle[1] + along) / plane.spacing[0] + 0.5]
  })
}

/** toleranceMm: how far from the plane still counts as in it (plane.ts says why); an ellipsoid is cut exactly. */
export function onSlice(plane: Plane, { graphicType, points }: SpatialShape, toleranceMm: number): OnSlice {
  const lies = (point: Triple) => Math.abs(distanceFrom(plane, point)) <= toleranceMm
  const line = (chain: readonly Triple[]): OnSlice => (chain.length > 1 ? { lines: [chain.map((point) => toImagePoint(plane, point))], points: [] } : NOTHING)
  if (graphicType === 'ELLIPSOID') {
    const cut = cutThrough(plane, points)
    return cut.length > 0 ? { lines: [cut], points: [] } : NOTHING
  }
  if (graphicType === 'POINT' || graphicType === 'MULTIPOINT') return { lines: [], points: points.filter(lies).map((point) => toImagePoint(plane, point)) }
  if (!points.every(lies)) return NOTHING
  if (graphicType === 'ELLIPSE') return line(ellipseThrough(points))
  if (graphicType === 'POLYGON' && points[0]) return line([...points, points[0]])
  return graphicType === 'POLYLINE' ? line(points) : NOTHING
}
