/** Isodose lines on a slice: the dose between its grid points is linear (as in the colour wash), and the lines are drawn of that. */
import type { ImagePoint, Plane } from '../../dicomweb/plane'
import { normalOf, toImagePoint, toPatient } from '../../dicomweb/plane'
import { doseAt, type DoseGrid } from '../../dicomweb/value-map'
import { type Isoline, isolines, type Lattice } from './isolines'
import type { Isodose, Target } from './protocol'

/** Samples on one side of the lattice at most. Below that they lie half as far apart as the points of the grid, or closer. */
const MOST_ON_A_SIDE = 320
/** Lines with fewer points have no room for a label unless they are all that there is of their level. */
const LABELLED_POINTS = 16
const MOST_LABELS = 6

export interface DoseLattice {
  readonly lattice: Lattice
  /** Image point of lattice point (0, 0), and image pixels from one to the next. */
  readonly from: ImagePoint
  readonly step: readonly [across: number, down: number]
}

/** Where the box of a grid falls on the slice, in image points: left, top, right, bottom. */
function boxOf(grid: DoseGrid, plane: Plane): readonly [number, number, number, number] {
  const normal = normalOf(grid.plane)
  const heights = [Math.min(...grid.offsets), Math.max(...grid.offsets)]
  const corners = [0.5, grid.columns - 0.5].flatMap((column) => [0.5, grid.rows - 0.5].map((row) => toPatient(grid.plane, [column, row])))
  const points = corners.flatMap(([x, y, z]) =>
    heights.map((height) => toImagePoint(plane, [x + normal[0] * height, y + normal[1] * height, z + normal[2] * height])),
  )
  const [columns, rows] = [points.map(([column]) => column), points.map(([, row]) => row)]
  return [Math.min(...columns), Math.min(...rows), Math.max(...columns), Math.max(...rows)]
}

/** The dose on the part of a slice that the grid reaches; undefined when it reaches none of it. Gray, or the grid's own unit. */
export function doseLattice(grid: DoseGrid, values: Float64Array, { plane, columns, rows }: Target & { readonly plane: Plane }): DoseLattice | undefined {
  const [left, top, right, bottom] = boxOf(grid, plane)
  const from: ImagePoint = [Math.max(0, left), Math.max(0, top)]
  const extent = [Math.min(columns, right) - from[0], Math.min(rows, bottom) - from[1]] as const
  if (!(extent[0] > 0) || !(extent[1] > 0)) return undefined
  const half = Math.min(...grid.plane.spacing) / 2
  const count = (along: 0 | 1, spacing: number) => Math.min(MOST_ON_A_SIDE, Math.max(2, Math.ceil((extent[along] * spacing) / half) + 1))
  const [across, down] = [count(0, plane.spacing[1]), count(1, plane.spacing[0])]
  const step = [extent[0] / (across - 1), extent[1] / (down - 1)] as const
  const sampled = new Float64Array(across * down)
  for (let row = 0; row < down; row += 1) {
    for (let column = 0; column < across; column += 1) {
      const at = toPatient(plane, [from[0] + column * step[0], from[1] + row * step[1]])
      sampled[row * across + column] = doseAt(grid, values, at) ?? Number.NaN
    }
  }
  return { lattice: { columns: across, rows: down, values: sampled }, from, step }
}

/** Where lines are labelled: each level at another part of its lines, so that labels of neighbours do not lie upon each other. */
function labelsOf(lines: readonly Isoline[], place: number): readonly number[] {
  const share = 0.15 + 0.7 * ((0.1 + place * 0.618) % 1)
  return lines.map(({ points }) => Math.floor(points.length * share))
}

/** The lines of these levels; a level that the slice does not cross has none. */
export function isodosesOn({ lattice, from, step }: DoseLattice, levels: readonly number[]): Isodose[] {
  const toImage = ([across, down]: readonly [number, number]): ImagePoint => [from[0] + across * step[0], from[1] + down * step[1]]
  return levels.flatMap((level, place): Isodose[] => {
    const lines = isolines(lattice, level).sort((a, b) => b.points.length - a.points.length)
    if (lines.length === 0) return []
    const labelled = lines.filter(({ points }, index) => index === 0 || points.length >= LABELLED_POINTS).slice(0, MOST_LABELS)
    const at = labelsOf(labelled, place)
    return [
      {
        level,
        place,
        d: lines.map(({ points, closed }) => pathOf(points.map(toImage), closed)).join(''),
        labels: labelled.flatMap(({ points }, index) => points.slice(at[index], (at[index] ?? 0) + 1).map(toImage)),
      },
    ]
  })
}

function pathOf(points: readonly ImagePoint[], closed: boolean): string {
  return `M${points.map(([column, row]) => `${column.toFixed(3)} ${row.toFixed(3)}`).join('L')}${closed ? 'Z' : ''}`
}
