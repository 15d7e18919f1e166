import { describe, expect, it } from 'vitest'

import { aDataSet } from './a-frame'
import { describeFrame } from './frame'
import { bitsOf, overlayPlanesOf } from './overlay-planes'

const overlay = {
  '60000010': ['US', 2],
  '60000011': ['US', 3],
  '60000040': ['CS', 'G'],
  '60000050': ['SS', 5, 7],
  '60003000': ['OW'],
} as const

describe('an overlay plane', () => {
  it('has its size, place and words', () => {
    const [plane, other] = overlayPlanesOf(describeFrame(aDataSet({ ...overlay, '60020010': ['US', 4], '60020011': ['US', 4], '60021500': ['LO', 'mark'] }), 1))
    expect(plane).toMatchObject({ group: '6000', rows: 2, columns: 3, origin: [5, 7], type: 'G', place: 0 })
    expect(other).toMatchObject({ group: '6002', origin: [1, 1], label: 'mark', data: undefined })
  })

  it('belongs to the frames that it names', () => {
    const dataSet = aDataSet({ ...overlay, '00280008': ['IS', 5], '60000015': ['IS', 2], '60000051': ['US', 3] })
    expect([1, 2, 3, 4, 5].map((number) => overlayPlanesOf(describeFrame(dataSet, number))[0]?.place)).toEqual([undefined, undefined, 0, 1, undefined])
  })

  it('is unpacked from the lowest bit up, frame after frame, and not from too few bytes', () => {
    const [plane] = overlayPlanesOf(describeFrame(aDataSet(overlay), 1))
    const bytes = Uint8Array.of(0b01_100101, 0b0000_1010)
    expect(plane && [...(bitsOf(plane, bytes) ?? [])]).toEqual([1, 0, 1, 0, 0, 1])
    expect(plane && [...(bitsOf({ ...plane, place: 1 }, bytes) ?? [])]).toEqual([1, 0, 0, 1, 0, 1])
    expect(plane && bitsOf({ ...plane, place: 2 }, bytes)).toBeUndefined()
  })
})
