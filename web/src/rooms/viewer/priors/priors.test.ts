import { describe, expect, it } from 'vitest'

import { differences, type Identified, samenessOf } from './person'
import { comparable, intervalBetween, type Prior, rated } from './relevance'

function aPrior(name: string, about: Partial<Prior> = {}): Prior {
  return {
    study_instance_uid: name,
    patient_name: 'Wang^Fang',
    patient_id: '7',
    patient_birth_date: '19700101',
    patient_sex: 'F',
    study_date: '20230101',
    study_time: '080000',
    accession_number: null,
    study_description: null,
    modalities: ['CT'],
    body_parts: ['CHEST'],
    series_count: 1,
    instance_count: 10,
    later: false,
    ...about,
  }
}

const current = { modalities: ['CT', 'SR'], bodyParts: ['CHEST'], studyDate: '20240305' }
const order = (priors: readonly Prior[], of = current) => rated(priors, of).map(({ prior, relevance }) => `${prior.study_instance_uid} ${relevance}`)

describe('priors', () => {
  it('come by modality and body part, then the newest', () => {
    const priors = [
      aPrior('newest report', { modalities: ['SR'], study_date: '20240301', body_parts: [] }),
      aPrior('film', { modalities: ['DX'], study_date: '20240201' }),
      aPrior('other part', { body_parts: ['KNEE'], study_date: '20240101' }),
      aPrior('unknown part', { body_parts: [], study_date: '20230601' }),
      aPrior('old', { study_date: '20190101' }),
      aPrior('new', { study_date: '20230101' }),
      aPrior('after', { study_date: '20240401', later: true }),
    ]
    const expected = ['new same', 'old same', 'after same', 'unknown part modality', 'film body-part', 'newest report other', 'other part other']
    expect(order(priors)).toEqual(expected)
    expect(comparable(rated(priors, current))?.study_instance_uid).toBe('new')
  })

  it('are comparable only when of the same kind and earlier', () => {
    const unlike = [aPrior('knee', { body_parts: ['KNEE'] }), aPrior('MR', { modalities: ['MR'] }), aPrior('after', { later: true })]
    expect(comparable(rated(unlike, current))).toBeUndefined()
  })

  it('of films are films, whatever took them', () => {
    expect(order([aPrior('CR', { modalities: ['CR'] })], { ...current, modalities: ['DX'] })).toEqual(['CR same'])
  })

  it('name body parts by description when the device does not say', () => {
    expect(order([aPrior('said', { body_parts: [], study_description: '胸部CT平扫' })])).toEqual(['said same'])
  })

  it.each([
    ['20240301', '20240305', { unit: 'days', count: 4 }],
    ['20230905', '20240305', { unit: 'months', count: 6 }],
    ['20190304', '20240305', { unit: 'years', count: 5 }],
    ['20240305', '20240305', { unit: 'days', count: 0 }],
    ['', '20240305', undefined],
  ])('are %s before %s', (earlier, later, interval) => {
    expect(intervalBetween(earlier, later)).toEqual(interval)
  })
})

describe('one person', () => {
  const wang: Identified = { patient_name: 'Wang^Fang=王^芳', patient_id: '7', patient_birth_date: '19700101', patient_sex: 'F' }

  it.each<[string, Partial<Identified>, readonly string[]]>([
    ['the same', {}, []],
    ['without the Chinese name', { patient_name: 'WANG^Fang^^^' }, []],
    ['who says less', { patient_birth_date: null, patient_sex: '' }, []],
    ['who married', { patient_name: 'Li^Fang' }, ['name']],
    ['whose name begins alike', { patient_name: 'Wang^Fan' }, ['name']],
    ['another one', { patient_name: 'Li^Na', patient_id: '8', patient_birth_date: '19710101', patient_sex: 'M' }, ['name', 'id', 'birth-date', 'sex']],
  ])('%s', (_, about, expected) => {
    expect(differences(wang, { ...wang, ...about })).toEqual(expected)
  })

  it('is decided by the server, and what differs on the images is still told', () => {
    expect(samenessOf(wang, wang, true)).toBe('same')
    expect(samenessOf(wang, { ...wang, patient_id: 'old' }, true)).toBe('same-but-differs')
    expect(samenessOf(wang, wang, false)).toBe('another-person')
  })
})
