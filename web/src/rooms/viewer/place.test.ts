import { describe, expect, it } from 'vitest'

import { aDataSet, aSlice } from '../../dicomweb/a-frame'
import { describeFrame, type Frame } from '../../dicomweb/frame'
import { nearestPlace, type Place, placeOf } from './place'

const here = (frame: Frame): Frame => ({ ...frame, frameOfReferenceUid: '1.2.3' })
const stack = [0, 5, 10, 20].map((z, index) => here(aSlice(index + 1, z)))

function placed(frame: Frame): Place {
  const place = placeOf(here(frame))
  if (!place) throw new Error('a slice that lies nowhere')
  return place
}

const at = (z: number) => placed(aSlice(1, z))

describe('the slice in the same place', () => {
  it('is the nearest within half the gap to its neighbour', () => {
    expect(nearestPlace(at(5.4), stack)).toBe(1)
    expect(nearestPlace(at(7.6), stack)).toBe(2)
  })

  it('is none where a slice is missing, and none beyond the ends', () => {
    expect(nearestPlace(at(15), stack)).toBeUndefined()
    expect(nearestPlace(at(40), stack)).toBeUndefined()
  })

  it('is none in another frame of reference or another direction', () => {
    expect(nearestPlace({ ...at(5), frameOfReferenceUid: '9' }, stack)).toBeUndefined()
    const coronal = placed(aSlice(1, 5, [1, 0, 0, 0, 0, -1]))
    expect(nearestPlace(coronal, stack)).toBeUndefined()
  })

  it('is not known of a frame that does not say where it lies', () => {
    expect(placeOf(describeFrame(aDataSet(), 1))).toBeUndefined()
    expect(nearestPlace(at(0), [undefined])).toBeUndefined()
  })
})
