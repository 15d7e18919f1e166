/** A patient in words, and as lines of a comparison. */
import { useTranslation } from 'react-i18next'

import type { StudyRow } from '../../api/types'
import type { Fact } from '../../frame/Comparison'
import { readableDate } from '../../kit/dates'
import { marked } from '../../kit/marked'
import { readableName } from '../../kit/person-name'

/** What is known of a person in a study or in the register of patients. */
export type Person = Pick<StudyRow, 'patient_name' | 'patient_id' | 'patient_birth_date' | 'patient_sex'>

export function usePersonWords() {
  const { t, i18n } = useTranslation()
  return (person: Person) => {
    const name = readableName(person.patient_name, i18n.language)
    return {
      name: [name?.main, name?.other].filter(Boolean).join(' · ') || undefined,
      id: person.patient_id ? marked(person.patient_id) : undefined,
      born: readableDate(person.patient_birth_date) ?? (person.patient_birth_date || undefined),
      sex: { F: t('patients.female'), M: t('patients.male'), O: t('patients.other') }[person.patient_sex ?? ''] ?? (person.patient_sex || undefined),
    }
  }
}

export function usePersonFacts() {
  const { t } = useTranslation()
  const inWords = usePersonWords()
  return (...persons: readonly Person[]): Fact[] => {
    const words = persons.map(inWords)
    return [
      { name: t('patients.name'), values: words.map((each) => each.name) },
      { name: t('list.patientId'), values: words.map((each) => each.id) },
      { name: t('patients.born'), values: words.map((each) => each.born) },
      { name: t('patients.sex'), values: words.map((each) => each.sex) },
    ]
  }
}
