import { describe, expect, it } from 'vitest'

import golden from './golden/regions.json'
import type { ImagePoint, MeasurementKind } from './measurement'
import { type PixelValues, statistics } from './region'

const [rows, columns] = [40, 60]
const values: PixelValues = {
  rows,
  columns,
  at: (index) => 1000 * Math.sin(Math.floor(index / columns) / 5) + 7 * (index % columns) - 300,
}

describe('the pixels of a region', () => {
  it.each(golden)('are those whose centres lie in it: $kind, $count pixels', ({ kind, points, count, ...numbers }) => {
    const found = statistics(kind as MeasurementKind, points as unknown as ImagePoint[], values)
    expect(found?.count).toBe(count)
    for (const [name, value] of Object.entries(numbers)) expect(found?.[name as keyof typeof numbers]).toBeCloseTo(value, 8)
  })

  it('do not count where there is only padding, and none means no numbers', () => {
    const square: ImagePoint[] = [[0, 0], [4, 0], [4, 1], [0, 1]]
    const half = { rows: 1, columns: 4, at: (index: number) => (index < 2 ? Number.NaN : 10 + index) }
    expect(statistics('rectangle', square, half)).toEqual({ count: 2, mean: 12.5, sd: 0.5, min: 12, max: 13 })
    expect(statistics('rectangle', square, { ...half, at: () => Number.NaN })).toBeUndefined()
  })

  it('are told exactly where values are large and close together', () => {
    const square: ImagePoint[] = [[0, 0], [2, 0], [2, 1], [0, 1]]
    expect(statistics('rectangle', square, { rows: 1, columns: 2, at: (index) => 1e9 + index })?.sd).toBe(0.5)
  })
})
