/** Attributes by DICOM keyword, as lines of a comparison in words of the reader's language. */
import { useTranslation } from 'react-i18next'

import type { Fact } from '../../frame/Comparison'
import { readableDate } from '../../kit/dates'
import { marked } from '../../kit/marked'
import { readableName } from '../../kit/person-name'

export type Attributes = Readonly<Record<string, string | null | undefined>>

export function useAttributeFacts() {
  const { t, i18n } = useTranslation()
  const words: Readonly<Record<string, string>> = {
    PatientName: t('patients.name'),
    PatientID: t('list.patientId'),
    IssuerOfPatientID: t('patients.issuer'),
    PatientBirthDate: t('patients.born'),
    PatientSex: t('patients.sex'),
    StudyInstanceUID: t('quality.study'),
    SeriesInstanceUID: t('quality.series'),
    StudyDescription: t('list.description'),
    AccessionNumber: t('list.accession'),
    StudyDate: t('list.studyDate'),
  }
  const readable = (keyword: string, value: string | null | undefined): string | undefined => {
    if (!value) return undefined
    if (keyword === 'PatientName') {
      const name = readableName(value, i18n.language)
      return [name?.main, name?.other].filter(Boolean).join(' · ') || undefined
    }
    return keyword.endsWith('Date') ? (readableDate(value) ?? marked(value)) : marked(value)
  }
  return (...versions: readonly Attributes[]): Fact[] => {
    const keywords = [...new Set(versions.flatMap((each) => Object.keys(each)))]
    return keywords.map((each) => {
      const keyword = keywordOf(each)
      return { name: words[keyword] ?? keyword, values: versions.map((version) => readable(keyword, version[each])) }
    })
  }
}

/** patient_name and PatientName are the same attribute. */
export function keywordOf(name: string): string {
  if (!/^[a-z]/.test(name)) return name
  return name
    .split('_')
    .map((word) => (word === 'id' || word === 'uid' ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('')
}
