import { describe, expect, it } from 'vitest'

import type { StudyRow } from '../../api/types'
import { changedAttributes, withAttributes } from './correction'

const study = { patient_name: 'Wang^Wei', patient_id: '7', patient_birth_date: null, patient_sex: 'M' } as StudyRow

describe('a correction', () => {
  it('asks for what was changed and nothing else', () => {
    expect(changedAttributes(study, {})).toEqual({})
    expect(changedAttributes(study, { PatientName: 'Wang^Wei ', PatientID: '7', PatientBirthDate: '' })).toEqual({})
    expect(changedAttributes(study, { PatientSex: 'F', PatientBirthDate: '19800102' })).toEqual({ PatientSex: 'F', PatientBirthDate: '19800102' })
  })

  it('can empty a field', () => {
    const changed = changedAttributes(study, { PatientSex: '' })
    expect(changed).toEqual({ PatientSex: '' })
    expect(withAttributes(study, changed)).toMatchObject({ patient_name: 'Wang^Wei', patient_sex: null })
  })
})
