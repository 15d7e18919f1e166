import { describe, expect, it } from 'vitest'

import { aDataSet, aSlice } from './a-frame'
import { describeFrame } from './frame'
import { edgeLetters, lettersOf, oppositeLetters } from './orientation'

const upright = { row: [1, 0], column: [0, 1] } as const
const flippedLeftRight = { row: [-1, 0], column: [0, 1] } as const
/** Turned clockwise by a right angle: a row points down, a column points left. */
const turnedRight = { row: [0, 1], column: [-1, 0] } as const

describe('letters of directions', () => {
  it('name the strongest direction first', () => {
    expect(lettersOf([1, 0, 0])).toBe('L')
    expect(lettersOf([0.9, 0.4, 0])).toBe('LP')
    expect(lettersOf([0, -0.7, 0.72])).toBe('HA')
  })

  it('turn to the other side', () => {
    expect(oppositeLetters('LAH')).toBe('RPF')
  })
})

describe('letters at the edges', () => {
  it('of an axial slice have the patient seen from the feet', () => {
    expect(edgeLetters(aSlice(1, 0), upright)).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' })
  })

  it('of a coronal slice have the head on top', () => {
    expect(edgeLetters(aSlice(1, 0, [1, 0, 0, 0, 0, -1]), upright)).toEqual({ left: 'R', right: 'L', top: 'H', bottom: 'F' })
  })

  it('of a sagittal slice have the front at the left', () => {
    expect(edgeLetters(aSlice(1, 0, [0, 1, 0, 0, 0, -1]), upright)).toEqual({ left: 'A', right: 'P', top: 'H', bottom: 'F' })
  })

  it('change sides with a flip', () => {
    expect(edgeLetters(aSlice(1, 0), flippedLeftRight)).toEqual({ left: 'L', right: 'R', top: 'A', bottom: 'P' })
  })

  it('go round with a turn', () => {
    expect(edgeLetters(aSlice(1, 0), turnedRight)).toEqual({ left: 'P', right: 'A', top: 'R', bottom: 'L' })
  })

  it('come from Patient Orientation where the geometry is not given', () => {
    const mammogram = describeFrame(aDataSet({ '00200020': ['CS', 'A', 'FL'] }), 1)
    expect(edgeLetters(mammogram, upright)).toEqual({ left: 'P', right: 'A', top: 'HR', bottom: 'FL' })
    expect(edgeLetters(mammogram, flippedLeftRight)).toEqual({ left: 'A', right: 'P', top: 'HR', bottom: 'FL' })
  })

  it('are left out when nothing is known', () => {
    expect(edgeLetters(describeFrame(aDataSet(), 1), upright)).toBeUndefined()
  })
})

/** Where each axis of the patient points, by the standard's words: +x left, +y posterior, +z head. */
const AXES = { L: [1, 0, 0], R: [-1, 0, 0], P: [0, 1, 0], A: [0, -1, 0], H: [0, 0, 1], F: [0, 0, -1] } as const
const ACROSS: Readonly<Record<string, string>> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' }
const NAMES = Object.keys(AXES) as (keyof typeof AXES)[]
const ALL_24 = NAMES.flatMap((row) => NAMES.filter((column) => column !== row && column !== ACROSS[row]).map((column) => ({ row, column })))

describe('the 24 orientations', () => {
  it('are all there', () => expect(ALL_24).toHaveLength(24))

  it.each(ALL_24)('of a row toward $row and a column toward $column have their letters, turned and flipped too', ({ row, column }) => {
    const slice = aSlice(1, 0, [...AXES[row], ...AXES[column]])
    const [back, up] = [ACROSS[row], ACROSS[column]]
    expect(edgeLetters(slice, upright)).toEqual({ right: row, left: back, bottom: column, top: up })
    expect(edgeLetters(slice, flippedLeftRight)).toEqual({ right: back, left: row, bottom: column, top: up })
    expect(edgeLetters(slice, turnedRight)).toEqual({ right: up, left: column, bottom: row, top: back })
  })
})
