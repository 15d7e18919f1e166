/** Isodose lines on doses whose lines are known: a slope (tests/golden/objects.py) and a ball whose dose falls with the distance. */
import { describe, expect, it } from 'vitest'

import type { Triple } from '../../dicomweb/frame'
import type { DataSet } from '../../dicomweb/json'
import { prescribedDoses } from '../../dicomweb/plan'
import { type Plane, toPatient } from '../../dicomweb/plane'
import { type DoseGrid, readDose, samplesOf } from '../../dicomweb/value-map'
import stored from './golden.json'
import { firstChoice, levelsIn, readLevels } from './isodose-levels'
import { doseLattice, isodosesOn } from './isodoses'
import { isolines } from './isolines'
import type { Isodose, Target } from './protocol'

const golden = stored as unknown as { dose: { dataSet: DataSet; frames: string[] }; contours: { on: (Target & { plane: Plane })[] } }
const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))

const pointsOf = ({ d }: Isodose): [number, number][] => (d.match(/[-\d.]+ [-\d.]+/g) ?? []).map((pair) => pair.split(' ').map(Number) as [number, number])

function linesOn(grid: DoseGrid, values: Float64Array, target: Target & { plane: Plane }, levels: readonly number[]): Isodose[] {
  const lattice = doseLattice(grid, values, target)
  return lattice ? isodosesOn(lattice, levels) : []
}

describe('isodose lines', () => {
  it('of a slope are straight and lie where it has that dose, to a hundredth of a pixel, on slices between its planes too', () => {
    const grid = readDose(golden.dose.dataSet)
    // The fourth slice is 12 mm above the first frame, which ends at 20 mm: between two of its planes.
    const slice = golden.contours.on[3]
    if (!grid || !slice) throw new Error('not read')
    const values = Float64Array.from(golden.dose.frames.flatMap((frame) => [...samplesOf(bytesOf(frame), grid.rows * grid.columns, grid.samples)]))
    const lines = linesOn(grid, values, slice, [45, 30, 7.3, 61])
    // 1 Gy for each mm along the rows, from the middle of the first pixel; pixels are 1 mm wide. 61 Gy is nowhere.
    expect(lines.map(({ level, place }) => [level, place])).toEqual([[45, 0], [30, 1], [7.3, 2]])
    for (const line of lines) {
      const points = pointsOf(line)
      expect(Math.max(...points.map(([column]) => Math.abs(column - line.level - 0.5)))).toBeLessThan(0.01)
      // From the middle of the first row to the end of the grid, 80 mm below it, or of the image: rows are 1.5 mm high.
      const rows = points.map(([, row]) => row)
      expect(Math.min(...rows)).toBeCloseTo(0.5, 2)
      expect(Math.max(...rows)).toBeCloseTo(0.5 + 80 / 1.5, 2)
      expect(line.labels.length).toBe(1)
    }
  })

  it('of a ball are circles on a slice that cuts the grid askew, right to a quarter of a pixel', () => {
    const [side, spacing, middle] = [31, 3, [45, 45, 45] as Triple]
    const plane: Plane = { origin: [0, 0, 0], row: [1, 0, 0], column: [0, 1, 0], spacing: [spacing, spacing] }
    const grid = { rows: side, columns: side, plane, offsets: Array.from({ length: side }, (_, index) => index * spacing), scaling: 0.5, frameOfReferenceUid: '1' } as unknown as DoseGrid
    const distance = ([x, y, z]: Triple) => Math.hypot(x - middle[0], y - middle[1], z - middle[2])
    const values = Float64Array.from({ length: side ** 3 }, (_, at) => 2 * (60 - distance([(at % side) * spacing, (Math.floor(at / side) % side) * spacing, Math.floor(at / side ** 2) * spacing])))
    const askew = { plane: { origin: [2, 5, 20], row: [0.8, 0, 0.6], column: [0, 1, 0], spacing: [1, 1] }, rows: 90, columns: 90 } as unknown as Target & { plane: Plane }
    const [line, none] = linesOn(grid, values, askew, [40, 59.9])
    if (!line) throw new Error('no line')
    expect(none).toBeUndefined()
    expect(line.d.match(/M/g)?.length).toBe(1)
    expect(line.d.endsWith('Z')).toBe(true)
    const off = pointsOf(line).map((point) => Math.abs(distance(toPatient(askew.plane, point)) - 20))
    expect(off.length).toBeGreaterThan(50)
    expect(Math.max(...off)).toBeLessThan(0.25)
  })
})

describe('lines of equal value', () => {
  it('keep apart what faces across a saddle, by its middle, and stop where nothing is known', () => {
    const saddle = { columns: 2, rows: 2, values: Float64Array.of(1, 0, 0, 1) }
    const ends = (level: number) => isolines(saddle, level).map(({ points }) => points.map(([across, down]) => Math.max(across, down) === 1))
    // Its middle is 0.5: below the level each high corner stands alone, above it each low one.
    expect(ends(0.6)).toEqual([[false, false], [true, true]])
    expect(ends(0.4).every(([one, other]) => one !== other)).toBe(true)
    const [torn] = isolines({ columns: 3, rows: 2, values: Float64Array.of(0, 0, 0, 1, 1, Number.NaN) }, 0.5)
    expect(torn?.points.toSorted()).toEqual([[0, 0.5], [1, 0.5]])
    expect(torn?.closed).toBe(false)
  })
})

describe('levels', () => {
  const facts = { unit: 'Gy', highest: 63, plan: 'none', prescription: undefined } as const

  it('are shares of the prescription where the plan says it, of the highest dose where not, or gray', () => {
    const known = { ...facts, plan: 'read', prescription: { gray: 60, targets: 1 } } as const
    expect([firstChoice(known).basis, firstChoice(facts).basis]).toEqual(['prescription', 'highest'])
    expect(levelsIn({ on: true, basis: 'prescription', levels: [95] }, known)).toEqual([57])
    expect(levelsIn({ on: true, basis: 'highest', levels: [50] }, known)).toEqual([31.5])
    expect(levelsIn({ on: true, basis: 'dose', levels: [50] }, known)).toEqual([50])
    expect(levelsIn({ on: true, basis: 'prescription', levels: [95] }, facts)).toEqual([])
    expect([readLevels('95, 50;107 95'), readLevels('0'), readLevels('x'), readLevels('')]).toEqual([[107, 95, 50], undefined, undefined, undefined])
  })

  it('know the doses that a plan prescribes to targets, and not those to organs at risk', () => {
    const reference = (type: string, dose: number) => ({ '300A0020': { vr: 'CS', Value: [type] }, '300A0026': { vr: 'DS', Value: [dose] } })
    const plan = { '300A0010': { vr: 'SQ', Value: [reference('TARGET', 54), reference('ORGAN_AT_RISK', 99), reference('TARGET', 60), reference('TARGET', 54)] } }
    expect(prescribedDoses(plan as unknown as DataSet)).toEqual([60, 54])
  })
})
