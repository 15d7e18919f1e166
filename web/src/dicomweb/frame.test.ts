import { describe, expect, it } from 'vitest'

import { aDataSet } from './a-frame'
import { describeFrame } from './frame'

const item = (elements: Parameters<typeof aDataSet>[0]) =>
  Object.fromEntries(Object.entries(elements ?? {}).map(([tag, [vr, ...Value]]) => [tag, { vr, Value }]))

describe('a frame', () => {
  it('takes position, spacing and rescale of an enhanced object from the functional groups, its own before the shared', () => {
    const shared = item({
      '00289110': ['SQ', item({ '00280030': ['DS', 0.5, 0.6] })],
      '00209116': ['SQ', item({ '00200037': ['DS', 1, 0, 0, 0, 1, 0] })],
      '00289145': ['SQ', item({ '00281053': ['DS', 2], '00281052': ['DS', -1000] })],
    })
    const own = item({
      '00209113': ['SQ', item({ '00200032': ['DS', 1, 2, 3] })],
      '00289145': ['SQ', item({ '00281053': ['DS', 3], '00281052': ['DS', -5] })],
    })
    const dataSet = aDataSet({ '00280008': ['IS', 2], '52009229': ['SQ', shared], '52009230': ['SQ', {}, own] })
    const second = describeFrame(dataSet, 2)
    expect(second).toMatchObject({ position: [1, 2, 3], spacing: [0.5, 0.6], slope: 3, intercept: -5, frameCount: 2 })
    expect(describeFrame(dataSet, 1)).toMatchObject({ position: undefined, slope: 2, intercept: -1000 })
  })

  it('has the windows that are possible, with their names', () => {
    const dataSet = aDataSet({ '00281050': ['DS', 40, -600, 1], '00281051': ['DS', 400, 1500, 0], '00281055': ['LO', 'SOFT', 'LUNG'] })
    expect(describeFrame(dataSet, 1).windows).toEqual([
      { centre: 40, width: 400, name: 'SOFT' },
      { centre: -600, width: 1500, name: 'LUNG' },
    ])
  })

  it('is lossy when the header says so or when its compression is', () => {
    expect(describeFrame(aDataSet({ '00282110': ['CS', '01'] }), 1).lossy).toBe(true)
    expect(describeFrame(aDataSet({ '00083002': ['UI', '1.2.840.10008.1.2.4.50'] }), 1).lossy).toBe(true)
    expect(describeFrame(aDataSet({ '00083002': ['UI', '1.2.840.10008.1.2.4.201'] }), 1).lossy).toBe(false)
  })

  it('brings an aspect ratio of millions back to one', () => {
    expect(describeFrame(aDataSet({ '00280034': ['IS', 1_000_000, 1_000_000] }), 1).aspect).toEqual([1, 1])
  })

  it('does not believe an orientation that is not made of unit vectors', () => {
    expect(describeFrame(aDataSet({ '00200037': ['DS', 0, 0, 0, 0, 0, 0] }), 1).rowCosines).toBeUndefined()
  })
})
