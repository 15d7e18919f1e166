/** One study in words, the same in the table and on the cards. */
import { useTranslation } from 'react-i18next'

import type { StudyRow } from '../../api/types'
import { ageOn, readableDate, readableMoment, readableTime } from '../../kit/dates'
import { marked } from '../../kit/marked'
import { readableName } from '../../kit/person-name'

/** Modalities whose objects are no images: reports, presentation states, key objects, plans, waveforms, documents. */
const WITHOUT_IMAGES = new Set(['SR', 'PR', 'KO', 'AU', 'ECG', 'EPS', 'HD', 'DOC', 'PLAN', 'REG', 'FID', 'RTSTRUCT', 'RTPLAN', 'RTRECORD', 'RWV', 'SEG', 'STAIN', 'SMR'])

export function holdsImages(modalities: readonly string[]): boolean {
  return modalities.length === 0 || modalities.some((modality) => !WITHOUT_IMAGES.has(modality))
}

export function useStudyWords() {
  const { t, i18n } = useTranslation()
  return (study: StudyRow) => {
    const age = ageOn(study.patient_birth_date, study.study_date)
    const sex = { F: t('list.sexF'), M: t('list.sexM'), O: t('list.sexO') }[study.patient_sex ?? '']
    const name = readableName(study.patient_name, i18n.language)
    return {
      name: name?.main,
      otherName: name?.other,
      id: study.patient_id === null ? undefined : marked(study.patient_id),
      person: [sex, age && t(`list.${age.unit}`, { count: age.count })].filter(Boolean).join(' · '),
      date: readableDate(study.study_date),
      time: readableTime(study.study_time),
      content: [
        t('list.series', { count: study.series_count }),
        t(holdsImages(study.modalities) ? 'list.images' : 'list.objects', { count: study.instance_count }),
      ] as const,
      received: readableMoment(study.received_at),
    }
  }
}

export type StudyWords = ReturnType<ReturnType<typeof useStudyWords>>
