/** The patient of a study is wrong: it belongs to another one, or what is written about her is not right. Before and after are shown first. */
import { SegmentedControl, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type CorrectionRequest, correctStudy } from '../../api/corrections'
import type { Patient } from '../../api/patients'
import type { StudyRow } from '../../api/types'
import { Comparison } from '../../frame/Comparison'
import { Dialog } from '../../frame/Dialog'
import { DialogFooter } from '../../frame/DialogFooter'
import { type Person, usePersonFacts } from '../patients/patient-facts'
import { PatientPicker } from '../patients/PatientPicker'
import { changedAttributes, type PatientAttributes, withAttributes } from './correction'
import { AttributeFields } from './AttributeFields'
import { Reason } from './Reason'
import { letGo } from './selected-studies'
import { StudyNames } from './StudyNames'

type Way = 'patient' | 'attributes'

interface CorrectDialogProps {
  readonly studies: readonly StudyRow[]
  readonly onClose: () => void
}

export function CorrectDialog({ studies, onClose }: CorrectDialogProps) {
  const { t } = useTranslation()
  const [first] = studies
  const only = studies.length === 1 ? first : undefined
  const [way, setWay] = useState<Way>('patient')
  const [patient, setPatient] = useState<Patient>()
  const [attributes, setAttributes] = useState<PatientAttributes>({})
  const [reason, setReason] = useState('')
  const correction = useCorrection(studies, onClose)
  const changed = only ? changedAttributes(only, attributes) : {}
  const request: CorrectionRequest | undefined =
    way === 'patient'
      ? patient && { patient_key: patient.patient_key, reason: reason.trim() }
      : Object.keys(changed).length > 0
        ? { attributes: changed, reason: reason.trim() }
        : undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (request?.reason) correction.mutate(request)
  }
  const after = way === 'patient' ? patient : only && withAttributes(only, changed)
  return (
    <Dialog title={t('correct.title', { count: studies.length })} size="xl" onClose={onClose}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <StudyNames studies={studies} />
          {only && (
            <SegmentedControl
              aria-label={t('correct.way')}
              value={way}
              onChange={setWay}
              data={[
                { value: 'patient', label: t('correct.otherPatient') },
                { value: 'attributes', label: t('correct.wrongData') },
              ]}
            />
          )}
          {way === 'patient' && <PatientPicker label={t('correct.rightPatient')} chosen={patient} onChoose={setPatient} />}
          {way === 'attributes' && only && <AttributeFields study={only} value={attributes} onChange={setAttributes} />}
          {first && after && request && <Preview before={first} after={after} count={studies.length} />}
          <Reason value={reason} placeholder={t('correct.reasonExample')} onChange={setReason} />
          <DialogFooter error={correction.error} confirm={t('correct.confirm')} ready={Boolean(request?.reason)} busy={correction.isPending} onCancel={onClose} />
        </Stack>
      </form>
    </Dialog>
  )
}

interface PreviewProps {
  readonly before: Person
  readonly after: Person
  readonly count: number
}

function Preview({ before, after, count }: PreviewProps) {
  const { t } = useTranslation()
  const facts = usePersonFacts()
  return (
    <Stack gap="xs" data-testid="correction-preview">
      <Comparison caption={t('correct.preview')} heads={[t('correct.before'), t('correct.after')]} facts={facts(before, after)} />
      <Text size="sm" c="dimmed">
        {count === 1 ? t('correct.kept') : t('correct.keptOfAll', { count })}
      </Text>
    </Stack>
  )
}

function useCorrection(studies: readonly StudyRow[], onDone: () => void) {
  const queryClient = useQueryClient()
  return useMutation({
    mutationFn: async (request: CorrectionRequest) => {
      for (const study of studies) await correctStudy(study.study_instance_uid, request)
    },
    onSuccess: () => {
      letGo(studies.map((study) => study.study_instance_uid))
      onDone()
    },
    onSettled: () => queryClient.invalidateQueries(),
  })
}
