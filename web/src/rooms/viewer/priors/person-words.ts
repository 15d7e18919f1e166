/** A patient in a few words, for warnings: name, ID, date of birth. */
import { useTranslation } from 'react-i18next'

import { readableDate } from '../../../kit/dates'
import { marked } from '../../../kit/marked'
import { readableName } from '../../../kit/person-name'
import type { Identified } from './person'

export function usePersonWords(): (who: Identified | undefined) => string {
  const { t, i18n } = useTranslation()
  return (who) => {
    if (!who) return t('common.none')
    const name = readableName(who.patient_name, i18n.language)?.main ?? t('list.noName')
    return [name, marked(who.patient_id ?? ''), readableDate(who.patient_birth_date)].filter(Boolean).join(' · ')
  }
}
