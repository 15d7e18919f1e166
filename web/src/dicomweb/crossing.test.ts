import { describe, expect, it } from 'vitest'

import { aDataSet } from './a-frame'
import { crossingOf, patientPoint, pointOn, sliceOf, sliceThrough } from './crossing'
import { describeFrame, type Frame } from './frame'

type Six = readonly [number, number, number, number, number, number]
const AXIAL: Six = [1, 0, 0, 0, 1, 0]
const CORONAL: Six = [1, 0, 0, 0, 0, -1]
const OBLIQUE: Six = [1, 0, 0, 0, Math.SQRT1_2, Math.SQRT1_2]

/** 100 columns × 50 rows of 2 mm (between rows) and 1 mm (between columns). */
function slice(position: readonly number[], orientation: Six = AXIAL, frameOfReference = '1.2.9'): Frame {
  const elements = {
    '00280010': ['US', 50],
    '00280011': ['US', 100],
    '00280030': ['DS', 2, 1],
    '00200032': ['DS', ...position],
    '00200037': ['DS', ...orientation],
    '00200052': ['UI', frameOfReference],
  } as const
  return describeFrame(aDataSet(elements), 1)
}

const crossing = (here: Frame, other: Frame) => {
  const [a, b] = [sliceOf(here), sliceOf(other)]
  return a && b && crossingOf(a, b)
}

describe('the line of a slice on another', () => {
  it('lies where the planes meet, in image points of this slice', () => {
    // The axial slice at z = 20 meets the coronal one, whose first pixel centre is at z = 60, in its row (60 - 20) / 2 + 0.5.
    const line = crossing(slice([0, 30, 60], CORONAL), slice([0, 0, 20]))
    expect(line?.map(([, row]) => row)).toEqual([20.5, 20.5])
    expect(line?.map(([column]) => column).toSorted((a, b) => a - b)).toEqual([0, 100])
  })

  it('is no longer than the other image', () => {
    const line = crossing(slice([0, 30, 60], CORONAL), slice([40, 0, 20]))
    expect(line?.map(([column]) => column).toSorted((a, b) => a - b)).toEqual([40, 100])
  })

  it('is drawn for oblique slices', () => {
    // On y = 30 the oblique plane z = y is at z = 30: row (60 - 30) / 2 + 0.5.
    expect(crossing(slice([0, 30, 60], CORONAL), slice([0, 0, 0], OBLIQUE))?.[0]?.[1]).toBeCloseTo(15.5, 6)
  })

  it('is not there for parallel slices, other frames of reference, or planes that meet elsewhere', () => {
    expect(crossing(slice([0, 0, 0]), slice([0, 0, 5]))).toBeUndefined()
    expect(crossing(slice([0, 30, 60], CORONAL), slice([0, 0, 20], AXIAL, '1.2.8'))).toBeUndefined()
    expect(crossing(slice([0, 30, 60], CORONAL), slice([0, 0, 300]))).toBeUndefined()
  })
})

describe('a point of the patient', () => {
  const stack = [0, 5, 10, 30].map((z) => slice([0, 0, z]))
  const point = (z: number) => ({ frameOfReferenceUid: '1.2.9', at: [10, 20, z] as const })

  it('is found in its slice, and never in a neighbour across a gap', () => {
    expect([0, 2, 3, 7.4, 12.4, 13, 31].map((z) => sliceThrough(point(z), stack))).toEqual([0, 0, 1, 1, 2, undefined, 3])
    expect(sliceThrough({ ...point(0), frameOfReferenceUid: '1.2.8' }, stack)).toBeUndefined()
  })

  it('is the same point on every slice that it lies in', () => {
    const [axial, coronal] = [sliceOf(slice([0, 0, 20])), sliceOf(slice([0, 30, 60], CORONAL))]
    const from = axial && patientPoint(axial, [10.5, 15.5])
    expect(from?.at).toEqual([10, 30, 20])
    expect(from && coronal && pointOn(coronal, from)).toEqual([10.5, 20.5])
    expect(coronal && pointOn(coronal, { frameOfReferenceUid: '1.2.9', at: [-1, 30, 20] })).toBeUndefined()
  })
})
