import { describe, expect, it } from 'vitest'

import { type Drawing, handlesOf, isComplete, isNothing, keptPoints, linesOf, moved, pointsOf, pressed, released, reshaped, shifted } from './editing'
import { ellipseArea } from './geometry'
import type { ImagePoint, Measurement, MeasurementKind } from './measurement'
import { merged } from './merge'
import { told } from './telling'

const begun = (kind: MeasurementKind): Drawing => ({ kind, set: [], live: undefined })
const drag = (drawing: Drawing, from: ImagePoint, to: ImagePoint) => released(moved(pressed(drawing, from), to), to, true)
const click = (drawing: Drawing, at: ImagePoint) => released(pressed(moved(drawing, at), at), at, drawing.set.length > 0)

describe('drawing', () => {
  it('makes a line by dragging, and by click, move, click', () => {
    const dragged = drag(begun('length'), [1, 2], [5, 6])
    const clicked = click(click(begun('length'), [1, 2]), [5, 6])
    for (const drawing of [dragged, clicked]) {
      expect(isComplete(drawing)).toBe(true)
      expect(pointsOf(drawing)).toEqual([[1, 2], [5, 6]])
    }
  })

  it('makes two lines one after the other, and an angle by a drag and a click', () => {
    const first = drag(begun('cobb'), [0, 0], [9, 0])
    expect(isComplete(first)).toBe(false)
    expect(moved(first, [4, 4])).toBe(first)
    expect(pointsOf(drag(first, [0, 5], [9, 8]))).toEqual([[0, 0], [9, 0], [0, 5], [9, 8]])
    const angle = click(drag(begun('angle'), [0, 0], [5, 5]), [9, 0])
    expect(isComplete(angle) && pointsOf(angle)).toEqual([[0, 0], [5, 5], [9, 0]])
  })

  it('makes a box of two corners, the long axis of an ellipse first', () => {
    expect(pointsOf(drag(begun('rectangle'), [8, 6], [2, 1]))).toEqual([[8, 6], [2, 6], [2, 1], [8, 1]])
    const tall = pointsOf(drag(begun('ellipse'), [0, 0], [4, 10])) ?? []
    expect(keptPoints('ellipse', tall)).toEqual([[2, 0], [2, 10], [0, 5], [4, 5]])
  })

  it('follows the hand, and knows when there is nothing', () => {
    const free = [[4, 0], [4, 4], [0, 4]].reduce((now, to) => moved(now, to as [number, number]), pressed(begun('freehand'), [0, 0]))
    expect(pointsOf(free)).toHaveLength(4)
    expect(isNothing('freehand', pointsOf(free) ?? [])).toBe(false)
    expect(isNothing('freehand', [[0, 0], [1, 1]])).toBe(true)
    expect(isNothing('length', [[3, 3], [3, 3]])).toBe(true)
    expect(isNothing('ellipse', [[0, 0], [0, 0], [0, 0], [0, 0]])).toBe(true)
  })
})

describe('changing', () => {
  it('keeps a rectangle one and an ellipse one', () => {
    const corners: ImagePoint[] = [[0, 0], [4, 0], [4, 2], [0, 2]]
    expect(reshaped('rectangle', corners, 2, [6, 5])).toEqual([[0, 0], [6, 0], [6, 5], [0, 5]])
    expect(reshaped('rectangle', corners, 1, [7, -1])).toEqual([[0, -1], [7, -1], [7, 2], [0, 2]])
    const ellipse: ImagePoint[] = [[0, 5], [10, 5], [5, 3], [5, 7]]
    const turned = reshaped('ellipse', ellipse, 1, [5, 13])
    expect(turned[0]).toEqual([5, -3])
    expect(ellipseArea(turned, [1, 1])).toBeCloseTo(Math.PI * 8 * 2, 9)
    expect(linesOf('ellipse', ellipse)[0]).toHaveLength(73)
    expect(handlesOf('freehand', corners)).toEqual([])
    expect(shifted([[1, 1]], [2, -1])).toEqual([[3, 0]])
  })
})

describe('two places at once', () => {
  const one = (id: string, label: string) => ({ id, label }) as unknown as Measurement
  it('lose nothing that only one of them did', () => {
    const base = [one('a', 'a'), one('b', 'b'), one('c', 'c')]
    const here = [one('a', 'mine'), one('b', 'b'), one('new here', 'h')]
    const there = [one('a', 'theirs'), one('b', 'theirs'), one('c', 'c'), one('new there', 't')]
    expect(merged(base, here, there).map(({ label }) => label)).toEqual(['mine', 'theirs', 't', 'h'])
  })
})

describe('numbers on the screen', () => {
  it.each([
    [12.345, 'mm', '12.3 mm'],
    [0.456, 'mm', '0.46 mm'],
    [1240, 'mm2', '12.40 cm²'],
    [-0.01, "[hnsf'U]", '0.0 HU'],
    [40, "[hnsf'U]", '40 HU'],
    [0.12, 's', '120 ms'],
    [12.04, 'deg', '12.0°'],
    [3.456, 'g/ml{SUVbw}', '3.46 g/ml SUVbw'],
    [5, '{pixels}', '5 px'],
    [7.25, '{value}', '7.25'],
  ])('%d %s is %s', (value, unit, words) => {
    expect(told({ quantity: 'mean', value, unit })).toBe(words)
  })
})
