/** What a form says about a patient, against what a study says: only what was changed is asked for. */
import type { StudyRow } from '../../api/types'

/** By DICOM keyword; absent: as it is. */
export type PatientAttributes = Partial<Readonly<Record<AttributeKeyword, string>>>

export const FIELDS = {
  PatientName: 'patient_name',
  PatientID: 'patient_id',
  PatientBirthDate: 'patient_birth_date',
  PatientSex: 'patient_sex',
} as const satisfies Readonly<Record<string, keyof StudyRow>>

export type AttributeKeyword = keyof typeof FIELDS

const KEYWORDS = Object.keys(FIELDS) as AttributeKeyword[]

export function changedAttributes(study: StudyRow, given: PatientAttributes): Partial<Record<AttributeKeyword, string>> {
  const changed: Partial<Record<AttributeKeyword, string>> = {}
  for (const keyword of KEYWORDS) {
    const value = given[keyword]?.trim()
    if (value !== undefined && value !== (study[FIELDS[keyword]] ?? '')) changed[keyword] = value
  }
  return changed
}

export function withAttributes(study: StudyRow, changed: PatientAttributes): StudyRow {
  const after = { ...study }
  for (const keyword of KEYWORDS) {
    const value = changed[keyword]
    if (value !== undefined) after[FIELDS[keyword]] = value || null
  }
  return after
}
