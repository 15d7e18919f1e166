/** Lines of equal value on a lattice of samples (marching squares, Lorensen and Cline 1987 in the plane). Pure. */

/** Samples row by row; NaN where there is none. Lattice point (0, 0) is the first sample, (1, 0) the next one in its row. */
export interface Lattice {
  readonly columns: number
  readonly rows: number
  readonly values: Float64Array
}

export type LatticePoint = readonly [across: number, down: number]

/** A chain of points; closed: its last point is joined to its first. */
export interface Isoline {
  readonly points: readonly LatticePoint[]
  readonly closed: boolean
}

interface Crossings {
  /** Edge → the one or two edges that a line goes on to. An edge is twice its first sample, and one more when it goes down. */
  readonly next: Map<number, number[]>
  readonly at: (edge: number) => LatticePoint
}

/** Corners of a cell around: here, right, right below, below. The edges between them: top, right, bottom, left. */
function cellEdges(first: number, columns: number): readonly [number, number, number, number] {
  return [2 * first, 2 * (first + 1) + 1, 2 * (first + columns), 2 * first + 1]
}

/** Which edges of a cell are joined, by which corners are at or above the level; the middle decides where two corners face each other. */
function joined(inside: readonly boolean[], middleInside: boolean): (readonly [number, number])[] {
  const crossed = [0, 1, 2, 3].filter((edge) => inside[edge] !== inside[(edge + 1) % 4])
  const [a = 0, b = 0, c = 0, d = 0] = crossed
  if (crossed.length === 2) return [[a, b]]
  if (crossed.length < 4) return []
  // Each line cuts off one corner: those of the other kind than the middle. Corner n lies between the edges n - 1 and n.
  return inside[0] === middleInside ? [[a, b], [c, d]] : [[d, a], [b, c]]
}

function crossingsOf({ columns, rows, values }: Lattice, level: number): Crossings {
  const next = new Map<number, number[]>()
  const link = (from: number, to: number) => {
    const known = next.get(from)
    if (known) known.push(to)
    else next.set(from, [to])
  }
  for (let row = 0; row + 1 < rows; row += 1) {
    for (let column = 0; column + 1 < columns; column += 1) {
      const first = row * columns + column
      const [a, b] = [values[first] as number, values[first + 1] as number]
      const [c, d] = [values[first + columns + 1] as number, values[first + columns] as number]
      // Beside a place without a value nothing is known: the line ends there.
      const sum = a + b + c + d
      if (Number.isNaN(sum)) continue
      if (a >= level === b >= level && b >= level === c >= level && c >= level === d >= level) continue
      const inside = [a >= level, b >= level, c >= level, d >= level]
      const edges = cellEdges(first, columns)
      for (const [from, to] of joined(inside, sum / 4 >= level)) {
        link(edges[from] as number, edges[to] as number)
        link(edges[to] as number, edges[from] as number)
      }
    }
  }
  return { next, at: (edge) => crossingOn(edge, columns, values, level) }
}

/** Values are linear along an edge: so is the place of the level on it. */
function crossingOn(edge: number, columns: number, values: Float64Array, level: number): LatticePoint {
  const [first, down] = [edge >> 1, edge & 1]
  const [from, to] = [values[first] ?? 0, values[first + (down ? columns : 1)] ?? 0]
  const share = (level - from) / (to - from)
  const [column, row] = [first % columns, Math.floor(first / columns)]
  return down ? [column, row + share] : [column + share, row]
}

/** The chain that an edge lies on, from that edge on; every edge that it passes is taken out. */
function chainFrom(start: number, { next, at }: Crossings): Isoline {
  const points: LatticePoint[] = []
  let edge: number | undefined = start
  let closed = false
  while (edge !== undefined) {
    const ways: number[] = next.get(edge) ?? []
    points.push(at(edge))
    next.delete(edge)
    const onward: number | undefined = ways.find((way) => next.has(way))
    closed = onward === undefined && points.length > 2 && ways.includes(start)
    edge = onward
  }
  return { points, closed }
}

/**
 * Lines between what is at or above the level and what is below it, in lattice points; values between samples are linear along the
 * lattice. Open lines end at the border of the lattice or beside a place without a value.
 */
export function isolines(lattice: Lattice, level: number): Isoline[] {
  const crossings = crossingsOf(lattice, level)
  const found: Isoline[] = []
  // Ends first, so that an open line is one chain and not two halves.
  const ends = [...crossings.next].filter(([, ways]) => ways.length === 1).map(([edge]) => edge)
  for (const edge of [...ends, ...crossings.next.keys()]) if (crossings.next.has(edge)) found.push(chainFrom(edge, crossings))
  return found
}
