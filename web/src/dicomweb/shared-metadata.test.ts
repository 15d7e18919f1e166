import { describe, expect, it } from 'vitest'

import { describeFrame } from './frame'
import { number, text } from './json'
import { dataSetsOf } from './shared-metadata'

describe('headers with what is shared said once', () => {
  const [first, second] = dataSetsOf({
    shared: { '00080060': { vr: 'CS', Value: ['CT'] }, '00280010': { vr: 'US', Value: [512] } },
    instances: [
      { '00200013': { vr: 'IS', Value: [1] }, '00080018': { vr: 'UI', Value: ['1.1'] } },
      { '00200013': { vr: 'IS', Value: [2] }, '00080018': { vr: 'UI', Value: ['1.2'] } },
    ],
  })

  it('read like whole ones', () => {
    expect([text(first, '00080060'), number(first, '00200013')]).toEqual(['CT', 1])
    expect([text(second, '00080060'), number(second, '00200013')]).toEqual(['CT', 2])
    expect(describeFrame(second ?? {}, 1)).toMatchObject({ modality: 'CT', rows: 512, sopInstanceUid: '1.2' })
  })
})
