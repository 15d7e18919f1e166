/** Shapes of a report by highdicom on the slices of an oblique stack: tests/golden/spatial.py says where they lie. */
import { describe, expect, it } from 'vitest'

import golden from './golden/spatial.json'
import type { ImagePoint, Plane } from './plane'
import { onSlice, type SpatialShape } from './spatial'

const shapes = golden.places.map(({ name, type, points }) => ({ name, shape: { graphicType: type, points } as unknown as SpatialShape }))
const slices = golden.slices as unknown as { plane: Plane; here: Record<string, unknown> }[]
const TOLERANCE_MM = 0.25

const on = (plane: Plane, name: string) => onSlice(plane, shapes.find((one) => one.name === name)?.shape as SpatialShape, TOLERANCE_MM)

/** mm between two points of a slice, along and down. */
const apart = ({ spacing }: Plane, [column, row]: ImagePoint, at: ImagePoint) => [(column - at[0]) * spacing[1], (row - at[1]) * spacing[0]] as const

describe('shapes in the patient', () => {
  it('are drawn on the slices that they lie on and on no others', () => {
    expect(slices.length).toBe(6)
    for (const { plane, here } of slices) {
      const drawn = shapes.filter(({ name }) => on(plane, name).lines.length + on(plane, name).points.length > 0)
      expect(drawn.map(({ name }) => name).toSorted()).toEqual(Object.keys(here).toSorted())
    }
  })

  it('lie where they were put, to a hundredth of a pixel', () => {
    for (const { plane, here } of slices) {
      for (const [at, corner] of ((here['polygon'] as ImagePoint[] | undefined) ?? []).entries()) {
        for (const axis of [0, 1] as const) expect(on(plane, 'polygon').lines[0]?.[at]?.[axis]).toBeCloseTo(corner[axis], 2)
      }
      const points = here['point'] ? [here['point'] as ImagePoint] : []
      for (const point of points) for (const axis of [0, 1] as const) expect(on(plane, 'point').points[0]?.[axis]).toBeCloseTo(point[axis], 2)
    }
  })

  it('that are round are round: an ellipse in its plane, and each circle in which a slice cuts a ball', () => {
    const seen = []
    for (const { plane, here } of slices) {
      for (const name of ['ball', 'ellipse']) {
        const round = here[name] as { at: ImagePoint; halfAxesMm: readonly [number, number] } | undefined
        if (!round) continue
        const [line] = on(plane, name).lines
        seen.push(name)
        for (const corner of line ?? []) {
          const [along, down] = apart(plane, corner, round.at)
          expect(Math.hypot(along / round.halfAxesMm[0], down / round.halfAxesMm[1])).toBeCloseTo(1, 3)
        }
        const angles = (line ?? []).map((corner) => Math.atan2(...apart(plane, corner, round.at)))
        expect(Math.max(...angles) - Math.min(...angles)).toBeGreaterThan(6)
      }
    }
    expect(seen).toEqual(['ball', 'ball', 'ball', 'ball', 'ellipse', 'ball'])
  })

  it('of an unknown kind, or without the points of their kind, are not drawn', () => {
    const [first] = slices
    if (!first) throw new Error('no slice')
    const [origin] = [first.plane.origin]
    for (const shape of [{ graphicType: 'CONE', points: [origin, origin] }, { graphicType: 'ELLIPSE', points: [origin] }, { graphicType: 'ELLIPSOID', points: Array(6).fill(origin) }]) {
      expect(onSlice(first.plane, shape as SpatialShape, TOLERANCE_MM)).toEqual({ lines: [], points: [] })
    }
  })
})
