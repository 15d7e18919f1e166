import { describe, expect, it } from 'vitest'

import type { components } from '../../../api/schema'
import { imageIdOf } from '../../../dicomweb/addresses'
import { aDataSet } from '../../../dicomweb/a-frame'
import { describeFrame } from '../../../dicomweb/frame'
import type { Measurement } from '../../../measuring/measurement'
import type { Presentation } from '../../../viewport/presentation'
import { imagesOf, presentationOf, stateOf } from './saved-views'

const frame = describeFrame(aDataSet({ '00281052': ['DS', -1000], '00281053': ['DS', 2], '00280030': ['DS', 2, 1] }), 1)
const imageId = imageIdOf({ studyInstanceUid: '1', seriesInstanceUid: '1.2', sopInstanceUid: '1.2.3', frameNumber: 1 })
const shown: Presentation = {
  centre: 40,
  width: 400,
  voiFunction: 'SIGMOID',
  windowChosen: true,
  invert: true,
  rotation: 90,
  flipH: true,
  flipV: false,
  zoom: 2,
  pan: [30, 40],
  index: 0,
  imageId,
}
const pane = { width: 600, height: 400, fitting: 4 }
const line = { kind: 'length', points: [[1, 2], [3, 4]] } as unknown as Measurement

describe('a saved view', () => {
  const filed = stateOf(shown, frame, pane, [line], () => ['2.0 mm'])
  // As the server gives it back.
  const state = { ...filed, rescale: { slope: 2, intercept: -1000, type: 'HU', lut: false } } as unknown as components['schemas']['State']
  const [view] = state.views

  it('comes back as it was shown', () => {
    const back = view && presentationOf(state, view, frame, pane)
    expect(back).toMatchObject({ centre: 40, width: 400, voiFunction: 'SIGMOID', invert: true, rotation: 90, flipH: true, pan: [30, 40] })
    expect(back?.zoom).toBeCloseTo(2, 9)
    expect(view && imagesOf('1', view)).toEqual([imageId])
  })

  it('has what was measured on it as graphics with their words', () => {
    expect(view?.graphics).toEqual([{ kind: 'polyline', points: [[1, 2], [3, 4]], filled: false }])
    expect(view?.texts).toEqual([{ text: '2.0 mm', anchor: [1, 2] }])
  })

  it('with another modality look-up has its window brought to our values', () => {
    const stored = { ...state, rescale: { slope: null, intercept: null, type: null, lut: false } }
    const own = view && presentationOf(stored, { ...view, window: { centre: 520, width: 200, function: 'LINEAR' } }, frame, pane)
    expect(own).toMatchObject({ centre: 40, width: 400 })
  })
})
