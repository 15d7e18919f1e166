import { describe, expect, it } from 'vitest'

import { keywordOf } from './attribute-facts'

describe('the keyword of an attribute', () => {
  it('is the same however the attribute is written', () => {
    expect(keywordOf('patient_id')).toBe('PatientID')
    expect(keywordOf('issuer_of_patient_id')).toBe('IssuerOfPatientID')
    expect(keywordOf('PatientBirthDate')).toBe('PatientBirthDate')
    expect(keywordOf('study_instance_uid')).toBe('StudyInstanceUID')
  })
})
