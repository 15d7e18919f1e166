/** One task: what differs side by side, and what to do about it. */
import { Button, Group, Radio, Stack, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type QualityTask, resolveTask } from '../../api/quality'
import type { Patient } from '../../api/patients'
import { Comparison } from '../../frame/Comparison'
import { Refusal } from '../../frame/Refusal'
import { useMay } from '../../frame/rights'
import { readableMoment } from '../../kit/dates'
import { PatientPicker } from '../patients/PatientPicker'
import { useAttributeFacts } from '../study-history/attribute-facts'
import { versionsOf } from './task-detail'
import classes from './TaskCard.module.css'
import { useTaskWords } from './task-words'

/** The choice that needs to know which patient. */
const ASSIGN_PATIENT = 'assign-patient'

export function TaskCard({ task }: { readonly task: QualityTask }) {
  const { t } = useTranslation()
  const may = useMay()
  const words = useTaskWords()
  const facts = useAttributeFacts()
  const versions = versionsOf(task.detail)
  return (
    <article className={classes.card} data-task={task.kind} aria-labelledby={`task-${task.task_id}`}>
      <div className={classes.head}>
        <h2 id={`task-${task.task_id}`}>{words.kind(task.kind)}</h2>
        <span className={classes.quiet}>{readableMoment(task.created_at)}</span>
      </div>
      <p className={classes.explanation}>{words.explanation(task.kind)}</p>
      {versions && (
        <Comparison caption={words.kind(task.kind)} heads={[t('quality.first'), t('quality.found')]} facts={facts(versions.first, versions.found)} />
      )}
      {task.study_instance_uid && (
        <Link className={classes.link} to="/studies/$studyInstanceUid" params={{ studyInstanceUid: task.study_instance_uid }}>
          {t('history.openStudy')}
        </Link>
      )}
      {task.resolved_at === null && may('correct') && task.choices.length > 0 && <Decision task={task} />}
      {task.resolved_at !== null && (
        <p className={classes.quiet}>
          {[t('quality.resolvedAs', { at: readableMoment(task.resolved_at) }), task.resolution && words.choice(task.resolution), task.note]
            .filter(Boolean)
            .join(' · ')}
        </p>
      )}
    </article>
  )
}

function Decision({ task }: { readonly task: QualityTask }) {
  const { t } = useTranslation()
  const words = useTaskWords()
  const queryClient = useQueryClient()
  const [choice, setChoice] = useState('')
  const [note, setNote] = useState('')
  const [patient, setPatient] = useState<Patient>()
  const asksPatient = choice === ASSIGN_PATIENT
  const ready = choice !== '' && (!asksPatient || patient !== undefined)
  const resolving = useMutation({
    mutationFn: () => resolveTask(task.task_id, { choice, note: note.trim() || null, patient_key: asksPatient ? patient?.patient_key : undefined }),
    onSettled: () => queryClient.invalidateQueries(),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) resolving.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Radio.Group label={t('quality.whatToDo')} value={choice} onChange={setChoice}>
          <Stack gap="sm" mt="xs">
            {task.choices.map((each) => (
              <Radio key={each} value={each} label={words.choice(each)} description={words.consequence(each)} />
            ))}
          </Stack>
        </Radio.Group>
        {asksPatient && <PatientPicker label={t('correct.rightPatient')} chosen={patient} onChoose={setPatient} />}
        <Textarea label={t('quality.note')} autosize minRows={1} maxRows={4} maxLength={400} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
        <Refusal error={resolving.error} />
        <Group>
          <Button type="submit" size="sm" disabled={!ready} loading={resolving.isPending}>
            {t('quality.resolve')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
