/** Finding one patient: a search field and those found, to choose one of. */
import { Radio, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Patient, patientsQuery } from '../../api/patients'
import { Icon } from '../../brand/Icon'
import { Refusal } from '../../frame/Refusal'
import { usePersonWords } from './patient-facts'
import classes from './PatientPicker.module.css'

const TYPING_MS = 250

interface PatientPickerProps {
  readonly label: string
  readonly chosen: Patient | undefined
  readonly onChoose: (patient: Patient) => void
  /** A patient that must not be chosen. */
  readonly without?: string
}

export function PatientPicker({ label, chosen, onChoose, without }: PatientPickerProps) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const [settled] = useDebouncedValue(text.trim(), TYPING_MS)
  const { data, error } = useQuery({ ...patientsQuery(settled), enabled: settled !== '' })
  const inWords = usePersonWords()
  const found = data?.filter((each) => String(each.patient_key) !== without && each.merged_into === null)
  return (
    <Stack gap="sm">
      <TextInput
        label={label}
        placeholder={t('patients.searchPlaceholder')}
        leftSection={<Icon name="search" size={18} />}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
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
