/** Finding one patient: a search field and those found, to choose one of. */
import { Radio, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import type { Patient } from '../../api/patients'
import { Refusal } from '../../frame/Refusal'
import { SearchField } from '../../frame/SearchField'
import { usePersonWords } from './patient-facts'
import classes from './PatientPicker.module.css'
import { usePatientSearch } from './use-patient-search'

interface PatientPickerProps {
  readonly label: string
  readonly chosen: Patient | undefined
  readonly onChoose: (patient: Patient) => void
  /** A patient that must not be chosen. */
  readonly without?: string
}

export function PatientPicker({ label, chosen, onChoose, without }: PatientPickerProps) {
  const { t } = useTranslation()
  const { text, setText, found: data, error } = usePatientSearch()
  const inWords = usePersonWords()
  const found = data?.filter((each) => String(each.patient_key) !== without && each.merged_into === null)
  return (
    <Stack gap="sm">
      <SearchField label={label} placeholder={t('patients.searchPlaceholder')} value={text} onChange={setText} />
      <Refusal error={error} />
      {found?.length === 0 && (
        <Text size="sm" c="dimmed" role="status">
          {t('patients.noMatch')}
        </Text>
      )}
      {found && found.length > 0 && (
        <Radio.Group aria-label={t('patients.found')} value={chosen ? String(chosen.patient_key) : ''}>
          <div className={classes.found}>
            {found.map((patient) => {
              const words = inWords(patient)
              return (
                <Radio
                  key={patient.patient_key}
                  value={String(patient.patient_key)}
                  onChange={() => onChoose(patient)}
                  label={words.name ?? t('list.noName')}
                  description={[words.id ?? t('list.noId'), words.born, words.sex, t('patients.studies', { count: patient.study_count })]
                    .filter(Boolean)
                    .join(' · ')}
                />
              )
            })}
          </div>
        </Radio.Group>
      )}
    </Stack>
  )
}
