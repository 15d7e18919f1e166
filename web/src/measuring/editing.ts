/** Drawing a measurement and changing it afterwards, as points alone. Pure. */
import { ellipseArea, polygonArea, vector } from './geometry'
import { type ImagePoint, type MeasurementKind, POINT_COUNT } from './measurement'

type Points = readonly ImagePoint[]

/** Drawn as a box from corner to corner. */
const BOXED: ReadonlySet<MeasurementKind> = new Set(['ellipse', 'rectangle'])
/** Two lines, one after the other. */
const TWO_LINES: ReadonlySet<MeasurementKind> = new Set(['cobb', 'bidirectional', 'cardiothoracic-ratio'])

/** A measurement that is being drawn: points that are set, and the one that follows the pointer. */
export interface Drawing {
  readonly kind: MeasurementKind
  readonly set: Points
  readonly live: ImagePoint | undefined
}

/** How many points the hand gives; undefined for a line that is drawn as the hand goes. */
function handPoints(kind: MeasurementKind): number | undefined {
  return BOXED.has(kind) ? 2 : POINT_COUNT[kind]
}

/** The pointer goes down: a line begins, or its next point begins to follow. */
export function pressed(drawing: Drawing, point: ImagePoint): Drawing {
  const begins = drawing.set.length === 0 || (TWO_LINES.has(drawing.kind) && drawing.set.length === 2)
  return begins ? { ...drawing, set: [...drawing.set, point], live: point } : { ...drawing, live: point }
}

export function moved(drawing: Drawing, point: ImagePoint): Drawing {
  if (drawing.set.length === 0 || (TWO_LINES.has(drawing.kind) && drawing.set.length === 2)) return drawing
  if (drawing.kind === 'freehand') return { ...drawing, set: [...drawing.set, point], live: undefined }
  return { ...drawing, live: point }
}

/** The pointer goes up. far: whether it has left the last point; where not, the next press sets the point (click, move, click). */
export function released(drawing: Drawing, point: ImagePoint, far: boolean): Drawing {
  if (drawing.kind === 'freehand' || !far || drawing.live === undefined) return drawing
  return { ...drawing, set: [...drawing.set, point], live: undefined }
}

export function isComplete({ kind, set }: Drawing): boolean {
  return set.length === handPoints(kind)
}

function box(kind: MeasurementKind, [[left, top], [right, bottom]]: readonly [ImagePoint, ImagePoint]): Points {
  if (kind === 'rectangle') return [[left, top], [right, top], [right, bottom], [left, bottom]]
  const [x, y] = [(left + right) / 2, (top + bottom) / 2]
  return [[Math.min(left, right), y], [Math.max(left, right), y], [x, Math.min(top, bottom)], [x, Math.max(top, bottom)]]
}

/** The points of the measurement, the one under the pointer with them; undefined while there are too few to draw. */
export function pointsOf({ kind, set, live }: Drawing): Points | undefined {
  const all = live === undefined ? set : [...set, live]
  const [first, second] = all
  if (BOXED.has(kind)) return first && second && box(kind, [first, second])
  return all.length === 0 ? undefined : all
}

/** In the form in which they are kept: 32-bit floats as in SCOORD, the major axis of an ellipse first. */
export function keptPoints(kind: MeasurementKind, points: Points): Points {
  const rounded = points.map(([column, row]): ImagePoint => [Math.fround(column), Math.fround(row)])
  const [a, b, c, d] = rounded
  if (kind !== 'ellipse' || !a || !b || !c || !d) return rounded
  const size = (from: ImagePoint, to: ImagePoint) => Math.hypot(...vector(from, to, [1, 1]))
  return size(c, d) > size(a, b) ? [c, d, a, b] : rounded
}

/** Whether there is nothing to measure: a line without length, a region without area. */
export function isNothing(kind: MeasurementKind, points: Points): boolean {
  const count = POINT_COUNT[kind]
  if (count === undefined ? points.length < 3 : points.length !== count) return true
  if (kind === 'ellipse') return ellipseArea(points, [1, 1]) < 0.5
  if (kind === 'rectangle' || kind === 'freehand') return polygonArea(points, [1, 1]) < 0.5
  return points.length > 1 && points.some((point, index) => index % 2 === 1 && Math.hypot(...vector(points[index - 1] ?? point, point, [1, 1])) < 0.1)
}

/** Points that can be taken hold of; a line drawn by hand is moved as a whole only. */
export function handlesOf(kind: MeasurementKind, points: Points): Points {
  return kind === 'freehand' ? [] : points
}

export function shifted(points: Points, [right, down]: readonly [number, number]): Points {
  return points.map(([column, row]): ImagePoint => [column + right, row + down])
}

/** One handle was moved; the others follow where the shape asks for it. */
export function reshaped(kind: MeasurementKind, points: Points, handle: number, to: ImagePoint): Points {
  if (kind === 'rectangle') return reshapedRectangle(points, handle, to)
  if (kind === 'ellipse') return reshapedEllipse(points, handle, to)
  return points.map((point, index) => (index === handle ? to : point))
}

function reshapedRectangle(points: Points, handle: number, to: ImagePoint): Points {
  const opposite = points[(handle + 2) % 4] ?? to
  const next = (handle + 1) % 4
  // Corners go round: neighbours share a side with the one that moved and one with the one that stays.
  const beside: ImagePoint = points[next]?.[0] === points[handle]?.[0] ? [to[0], opposite[1]] : [opposite[0], to[1]]
  const other: ImagePoint = beside[0] === to[0] ? [opposite[0], to[1]] : [to[0], opposite[1]]
  return points.map((point, index) => (index === handle ? to : index === next ? beside : index === (handle + 2) % 4 ? point : other))
}

/** The end of an axis moves, its other end moves against it; the other axis stays at a right angle and as long as it was. */
function reshapedEllipse(points: Points, handle: number, to: ImagePoint): Points {
  const [a, b, c, d] = points
  if (!a || !b || !c || !d) return points
  const centre: ImagePoint = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
  const [x, y] = vector(centre, to, [1, 1])
  const half = Math.hypot(x, y)
  if (half === 0) return points
  const [from, until] = handle < 2 ? [c, d] : [a, b]
  const across = Math.hypot(...vector(from, until, [1, 1])) / 2
  const turned: readonly [number, number] = [(-y / half) * across, (x / half) * across]
  const mirrored: ImagePoint = [centre[0] - x, centre[1] - y]
  const axis: Points = handle % 2 === 0 ? [to, mirrored] : [mirrored, to]
  // Its first end stays on its side.
  const [right, down] = vector(centre, from, [1, 1])
  const sign = right * turned[0] + down * turned[1] >= 0 ? 1 : -1
  const other: Points = [
    [centre[0] + sign * turned[0], centre[1] + sign * turned[1]],
    [centre[0] - sign * turned[0], centre[1] - sign * turned[1]],
  ]
  return handle < 2 ? [...axis, ...other] : [...other, ...axis]
}

/** The lines of a measurement as they are drawn; an ellipse as 72 short ones. Closed ones come back to their first point. */
export function linesOf(kind: MeasurementKind, points: Points): Points[] {
  const [a, b, c, d] = points
  if (kind === 'ellipse' && a && b && c && d) {
    const [x, y] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
    return [
      Array.from({ length: 73 }, (_, step): ImagePoint => {
        const [cos, sin] = [Math.cos((step * Math.PI) / 36), Math.sin((step * Math.PI) / 36)]
        return [x + (cos * (b[0] - a[0])) / 2 + (sin * (d[0] - c[0])) / 2, y + (cos * (b[1] - a[1])) / 2 + (sin * (d[1] - c[1])) / 2]
      }),
    ]
  }
  if ((kind === 'rectangle' || kind === 'freehand') && a) return [[...points, a]]
  if (TWO_LINES.has(kind)) return [points.slice(0, 2), points.slice(2)]
  return [points]
}
