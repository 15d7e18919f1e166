/** Two patients that are one: which of them stays, what differs, and why. It can be undone. */
import { Radio, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { mergePatients, type Patient } from '../../api/patients'
import { Comparison } from '../../frame/Comparison'
import { FormDialog } from '../../frame/FormDialog'
import { Reason } from '../study-actions/Reason'
import { usePersonFacts, usePersonWords } from './patient-facts'

interface MergeDialogProps {
  readonly patients: readonly [Patient, Patient]
  readonly onClose: () => void
  readonly onMerged: () => void
}

export function MergeDialog({ patients, onClose, onMerged }: MergeDialogProps) {
  const { t } = useTranslation()
  const [stays, setStays] = useState<0 | 1>(0)
  const [reason, setReason] = useState('')
  const queryClient = useQueryClient()
  const merging = useMutation({
    mutationFn: () => mergePatients(patients[stays === 0 ? 1 : 0].patient_key, patients[stays].patient_key, reason.trim()),
    onSuccess: onMerged,
    onSettled: () => queryClient.invalidateQueries(),
  })
  const inWords = usePersonWords()
  const facts = usePersonFacts()
  const label = (patient: Patient) => {
    const words = inWords(patient)
    return [words.name ?? t('list.noName'), words.id].filter(Boolean).join(' · ')
  }
  const identifiers = (patient: Patient) => patient.identifiers.map((each) => each.patient_id).join(', ')
  return (
    <FormDialog
      title={t('patients.mergeTitle')}
      size="xl"
      confirm={t('patients.mergeConfirm')}
      ready={reason.trim() !== ''}
      saving={merging}
      onSubmit={() => merging.mutate()}
      onClose={onClose}
    >
      <Comparison
        caption={t('patients.mergeTitle')}
        heads={[t('patients.first'), t('patients.second')]}
        facts={[
          ...facts(...patients),
          { name: t('patients.identifiers'), values: patients.map(identifiers) },
          { name: t('menu.studies'), values: patients.map((each) => String(each.study_count)) },
        ]}
      />
      <Radio.Group label={t('patients.stays')} value={String(stays)} onChange={(value) => setStays(value === '1' ? 1 : 0)}>
        <Stack gap="xs" mt="xs">
          <Radio value="0" label={label(patients[0])} />
          <Radio value="1" label={label(patients[1])} />
        </Stack>
      </Radio.Group>
      <Text size="sm" c="dimmed">
        {t('patients.mergeMeans')}
      </Text>
      <Reason value={reason} placeholder={t('patients.reasonExample')} onChange={setReason} />
    </FormDialog>
  )
}
