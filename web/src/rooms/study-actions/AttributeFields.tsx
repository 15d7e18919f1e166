/** What is written about a patient in a study, to be put right. */
import { NativeSelect, SimpleGrid, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import type { StudyRow } from '../../api/types'
import { readableDate } from '../../kit/dates'
import { nameFields, type NameFields, withNameFields } from '../../kit/name-fields'
import type { PatientAttributes } from './correction'

interface AttributeFieldsProps {
  readonly study: StudyRow
  readonly value: PatientAttributes
  readonly onChange: (value: PatientAttributes) => void
}

export function AttributeFields({ study, value, onChange }: AttributeFieldsProps) {
  const { t } = useTranslation()
  const name = value.PatientName ?? study.patient_name ?? ''
  const fields = nameFields(name)
  const nameField = (part: keyof NameFields, label: string) => (
    <TextInput
      label={label}
      autoComplete="off"
      spellCheck={false}
      value={fields[part]}
      onChange={(event) => onChange({ ...value, PatientName: withNameFields(name, { ...fields, [part]: event.currentTarget.value }) })}
    />
  )
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
      {nameField('family', t('correct.family'))}
      {nameField('given', t('correct.given'))}
      {nameField('ideographicFamily', t('correct.ideographicFamily'))}
      {nameField('ideographicGiven', t('correct.ideographicGiven'))}
      <TextInput
        label={t('list.patientId')}
        autoComplete="off"
        spellCheck={false}
        maxLength={64}
        value={value.PatientID ?? study.patient_id ?? ''}
        onChange={(event) => onChange({ ...value, PatientID: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label={t('patients.born')}
        value={readableDate(value.PatientBirthDate ?? study.patient_birth_date) ?? ''}
        onChange={(event) => onChange({ ...value, PatientBirthDate: event.currentTarget.value.replaceAll('-', '') })}
      />
      <NativeSelect
        label={t('patients.sex')}
        value={value.PatientSex ?? study.patient_sex ?? ''}
        onChange={(event) => onChange({ ...value, PatientSex: event.currentTarget.value })}
        data={[
          { value: '', label: t('patients.unknown') },
          { value: 'F', label: t('patients.female') },
          { value: 'M', label: t('patients.male') },
          { value: 'O', label: t('patients.other') },
        ]}
      />
    </SimpleGrid>
  )
}
