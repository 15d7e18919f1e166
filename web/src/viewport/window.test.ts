import { describe, expect, it } from 'vitest'

import { aDataSet } from '../dicomweb/a-frame'
import { describeFrame } from '../dicomweb/frame'
import { bodyPartOf, presetsFor } from './window'

const frame = (elements: Parameters<typeof aDataSet>[0]) => describeFrame(aDataSet(elements), 1)
const names = (elements: Parameters<typeof aDataSet>[0]) => presetsFor(frame(elements)).map(({ preset }) => preset)

describe('window presets', () => {
  it('are in HU, so for CT only', () => {
    expect(names({ '00080060': ['CS', 'CT'] }).slice(0, 4)).toEqual(['Abdomen', 'Mediastinum', 'Lung', 'Bone'])
    expect(names({ '00080060': ['CS', 'MR'], '00180015': ['CS', 'HEAD'] })).toEqual([])
  })

  it('begin with what is looked at in that part of the body', () => {
    expect(names({ '00080060': ['CS', 'CT'], '00180015': ['CS', 'HEAD'] }).slice(0, 3)).toEqual(['Brain', 'Subdural', 'Stroke'])
    expect(names({ '00080060': ['CS', 'CT'], '00081030': ['LO', '胸部平扫'] })[0]).toBe('Lung')
    expect(names({ '00080060': ['CS', 'CT'], '0008103E': ['LO', 'L-SPINE 2.0'] })[0]).toBe('Spine')
  })

  it('believe the field before the descriptions', () => {
    expect(bodyPartOf(frame({ '00180015': ['CS', 'ABDOMEN'], '00081030': ['LO', 'CHEST'] }))).toBe('abdomen')
    expect(bodyPartOf(frame({ '00081030': ['LO', 'XYZ'] }))).toBeUndefined()
  })
})
