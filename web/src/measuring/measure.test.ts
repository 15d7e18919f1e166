import { describe, expect, it } from 'vitest'

import { aDataSet } from '../dicomweb/a-frame'
import { describeFrame } from '../dicomweb/frame'
import { calibrationFrom, measure, type Subject } from './measure'
import type { ImagePoint, MeasurementKind } from './measurement'

type Elements = Parameters<typeof aDataSet>[0]

function subject(elements: Elements = {}, rest: Partial<Subject> = {}): Subject {
  return { frame: describeFrame(aDataSet(elements), 1), values: undefined, calibration: undefined, suv: 'bw', ...rest }
}

/** Rows 2 mm apart, columns 0.5 mm. */
const CT: Elements = { '00080060': ['CS', 'CT'], '00080016': ['UI', '1.2.840.10008.5.1.4.1.1.2'], '00280030': ['DS', 2, 0.5] }
const results = (kind: MeasurementKind, points: ImagePoint[], of: Subject) =>
  Object.fromEntries(measure(kind, points, of).results.map(({ quantity, value, unit }) => [quantity, [Number(value.toFixed(6)), unit]]))

describe('a measurement', () => {
  it('takes pixels that are not square as they are', () => {
    const ct = subject(CT)
    expect(results('length', [[0, 0], [6, 2]], ct)).toEqual({ length: [5, 'mm'] })
    expect(results('angle', [[4, 0], [0, 0], [4, 1]], ct)).toEqual({ angle: [45, 'deg'] })
    expect(results('rectangle', [[0, 0], [8, 0], [8, 3], [0, 3]], ct)).toMatchObject({ area: [24, 'mm2'], perimeter: [20, 'mm'] })
    expect(results('bidirectional', [[0, 0], [0, 3], [1, 1], [9, 1]], ct)).toEqual({ length: [6, 'mm'], 'short-axis': [4, 'mm'] })
    // A circle of 4 mm radius is an ellipse of pixels.
    const circle = results('ellipse', [[2, 5], [18, 5], [10, 3], [10, 7]], ct)
    expect(circle).toMatchObject({ area: [50.265482, 'mm2'], perimeter: [25.132741, 'mm'] })
  })

  it('tells curves of more than 90 degrees, from whichever end the lines were drawn', () => {
    const square = subject({ ...CT, '00280030': ['DS', 1, 1] })
    const up: ImagePoint[] = [[0, 10], [10, -2]]
    const down: ImagePoint[] = [[0, 0], [10, 12]]
    const expected = (2 * Math.atan2(12, 10) * 180) / Math.PI
    for (const points of [[...up, ...down], [...up.toReversed(), ...down]]) {
      expect(measure('cobb', points, square).results[0]?.value).toBeCloseTo(expected, 9)
    }
  })

  it('is in pixels where mm are unknown, and says so', () => {
    const film = subject({ '00080060': ['CS', 'CR'], '00280034': ['IS', 2, 1] })
    const found = measure('length', [[0, 0], [3, 2]], film)
    expect(found.results).toEqual([{ quantity: 'length', value: 5, unit: '{pixels}' }])
    expect([found.spacing_source, found.remarks]).toEqual(['none', ['pixels-only']])
  })

  it('says where mm of a projection come from', () => {
    const film = (elements: Elements) => measure('length', [[0, 0], [10, 0]], subject({ '00080060': ['CS', 'DX'], ...elements }))
    const told = (elements: Elements) => [film(elements).spacing_source, film(elements).results[0]?.value, film(elements).remarks]
    expect(told({ '00181164': ['DS', 0.2, 0.2] })).toEqual(['imager', 2, ['at-detector']])
    expect(told({ '00181164': ['DS', 0.2, 0.2], '00280030': ['DS', 0.2, 0.2] })).toEqual(['imager', 2, ['at-detector']])
    expect(told({ '00181164': ['DS', 0.2, 0.2], '00181114': ['DS', 2] })).toEqual(['imager-magnification-corrected', 1, []])
    expect(told({ '00181164': ['DS', 0.2, 0.2], '00280030': ['DS', 0.15, 0.15] })).toEqual(['calibrated', 1.5, []])
    expect(told({ '00280030': ['DS', 0.15, 0.15], '00280A02': ['CS', 'FIDUCIAL'] })).toEqual(['calibrated', 1.5, []])
    expect(told({ '00280030': ['DS', 0.15, 0.15] })).toEqual(['pixel-spacing', 1.5, ['at-detector']])
  })

  it('follows a known length that the reader drew', () => {
    const film = subject({ '00080060': ['CS', 'CR'], '00280034': ['IS', 2, 1] })
    const calibration = calibrationFrom([[0, 0], [0, 10]], 40, film.frame)
    expect(calibration?.mm_per_pixel).toEqual([4, 2])
    const calibrated = { ...film, calibration }
    expect(results('length', [[0, 0], [6, 4]], calibrated)).toEqual({ length: [20, 'mm'] })
    expect(calibrationFrom([[1, 1], [1, 1]], 40, film.frame)).toBeUndefined()
  })

  it('gives the heart along the line of the thorax', () => {
    const found = results('cardiothoracic-ratio', [[20, 40], [50, 70], [0, 90], [80, 90]], subject({ ...CT, '00280030': ['DS', 1, 1] }))
    expect(found).toEqual({ ratio: [0.375, '1'], 'heart-width': [30, 'mm'], 'thorax-width': [80, 'mm'] })
  })

  it('has no area when its outline crosses itself', () => {
    const found = measure('freehand', [[0, 0], [4, 4], [4, 0], [0, 4]], subject(CT))
    expect([found.results, found.remarks]).toEqual([[], ['crosses-itself']])
  })

  it('has the values of its pixels in HU', () => {
    const values = { rows: 4, columns: 4, at: (index: number) => index * 10 - 1000 }
    const ct = subject(CT, { values })
    expect(results('probe', [[2.5, 1.5]], ct)).toEqual({ value: [-940, "[hnsf'U]"] })
    expect(results('rectangle', [[0, 0], [2, 0], [2, 2], [0, 2]], ct)).toMatchObject({ mean: [-975, "[hnsf'U]"], 'pixel-count': [4, '{pixels}'] })
    expect(measure('probe', [[9, 9]], ct).remarks).toEqual(['no-values'])
    expect(measure('ellipse', [[0, 2], [4, 2], [2, 0], [2, 4]], subject(CT)).remarks).toEqual(['no-values'])
  })

  it('is in Bq/ml where no SUV can be told, and says that', () => {
    const values = { rows: 4, columns: 4, at: () => 5000 }
    const pet = subject({ '00080060': ['CS', 'PT'], '00541001': ['CS', 'BQML'], '00280030': ['DS', 4, 4] }, { values })
    expect(results('probe', [[1, 1]], pet)).toEqual({ value: [5000, 'Bq/ml'] })
    expect(measure('probe', [[1, 1]], pet).remarks).toEqual(['no-suv'])
  })
})
