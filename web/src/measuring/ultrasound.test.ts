import { describe, expect, it } from 'vitest'

import { aDataSet } from '../dicomweb/a-frame'
import { describeFrame } from '../dicomweb/frame'
import { measure } from './measure'
import type { ImagePoint, MeasurementKind } from './measurement'

const us = (...values: number[]) => ({ vr: 'US', Value: values })

interface Place {
  readonly box: readonly [number, number, number, number]
  readonly units: readonly [number, number]
  readonly delta: readonly [number, number]
  readonly reference?: readonly [number, number]
  readonly flags?: number
}

function region({ box, units, delta, reference, flags = 0 }: Place) {
  const [left, top, right, bottom] = box
  return {
    '00186016': us(flags),
    '00186018': us(left),
    '0018601A': us(top),
    '0018601C': us(right),
    '0018601E': us(bottom),
    '00186024': us(units[0]),
    '00186026': us(units[1]),
    '0018602C': us(delta[0]),
    '0018602E': us(delta[1]),
    ...(reference && { '00186020': us(reference[0]), '00186022': us(reference[1]), '00186028': us(0), '0018602A': us(0) }),
  }
}

/** A picture (cm, one axis counting backwards), a spectrum of velocities (s, cm/s) and an M-mode (s, cm) below it. */
const frame = describeFrame(
  aDataSet({
    '00080060': ['CS', 'US'],
    '00186011': [
      'SQ',
      region({ box: [0, 0, 99, 99], units: [3, 3], delta: [-0.05, 0.1] }),
      region({ box: [0, 100, 199, 199], units: [4, 7], delta: [0.01, -2], reference: [0, 50] }),
      region({ box: [100, 0, 199, 99], units: [4, 3], delta: [0.02, 0.1] }),
      region({ box: [90, 90, 99, 99], units: [0, 0], delta: [1, 1] }),
    ],
  }),
  1,
)
const found = (kind: MeasurementKind, points: ImagePoint[]) => measure(kind, points, { frame, values: undefined, calibration: undefined, suv: 'bw' })

describe('ultrasound regions', () => {
  it('have mm of their own in each direction', () => {
    const line = found('length', [[10, 10], [50, 25]])
    expect(line.results).toEqual([{ quantity: 'length', value: 25, unit: 'mm' }])
    expect(line.spacing_source).toBe('ultrasound-region')
  })

  it('are never measured across', () => {
    expect(found('length', [[10, 10], [10, 150]])).toMatchObject({ results: [], remarks: ['across-regions'] })
    expect(found('length', [[10, 10], [300, 150]])).toMatchObject({ results: [], remarks: ['across-regions'] })
    expect(found('length', [[300, 10], [300, 150]])).toMatchObject({ results: [], remarks: ['outside-regions'] })
  })

  it('that show motion give time and depth, not a length across both', () => {
    const line = found('length', [[110, 10], [160, 40]])
    expect(line.kind).toBe('ultrasound-region-length')
    expect(line.results).toEqual([
      { quantity: 'time', value: 1, unit: 's' },
      { quantity: 'length', value: 30, unit: 'mm' },
    ])
    expect(found('ellipse', [[110, 10], [120, 10], [115, 5], [115, 15]]).remarks).toContain('not-a-picture')
  })

  it('that show velocities give them from their base line', () => {
    const probe = found('probe', [[20.5, 120.5]])
    expect(probe.kind).toBe('ultrasound-region-probe')
    expect(probe.results).toEqual([
      { quantity: 'time', value: 0.2, unit: 's' },
      { quantity: 'velocity', value: 60, unit: 'cm/s' },
    ])
    expect(found('length', [[20, 120], [40, 170]]).results[1]).toEqual({ quantity: 'velocity', value: 100, unit: 'cm/s' })
  })
})
