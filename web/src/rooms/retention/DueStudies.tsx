/** Studies that the law keeps no longer: chosen here and put before two people. */
import { Button, Checkbox, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type DueStudy, dueStudiesQuery, lookForDue, propose, retentionKey } from '../../api/retention'
import { Mark, NameCell } from '../../frame/Facts'
import { FormDialog } from '../../frame/FormDialog'
import { type Column, RecordList } from '../../frame/RecordList'
import { Refusal } from '../../frame/Refusal'
import { readableDate } from '../../kit/dates'
import { marked } from '../../kit/marked'
import { nameOfStudy } from './words'
import classes from './Retention.module.css'

const SHORTEST_REASON = 3

export function DueStudies() {
  const { t } = useTranslation()
  const { data, error } = useQuery(dueStudiesQuery)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [proposing, setProposing] = useState(false)
  const columns = useDueColumns()
  const due = (data ?? []).filter((study) => study.state === 'due').map((study) => study.study_instance_uid)
  const there = due.filter((uid) => chosen.has(uid))
  const toggle = (uid: string) => setChosen(new Set(chosen.has(uid) ? [...chosen].filter((each) => each !== uid) : [...chosen, uid]))
  const done = () => {
    setProposing(false)
    setChosen(new Set())
  }
  const choose = (study: DueStudy) => (
    <Checkbox
      aria-label={t('retention.due.choose', { name: nameOfStudy(study) })}
      checked={chosen.has(study.study_instance_uid)}
      disabled={study.state !== 'due'}
      onChange={() => toggle(study.study_instance_uid)}
    />
  )
  return (
    <section aria-labelledby="due-studies">
      <h2 id="due-studies" className={classes.heading}>
        {t('retention.due.title')}
      </h2>
      <RecordList
        name={t('retention.due.title')}
        records={data}
        error={error}
        keyOf={(study) => study.study_instance_uid}
        nameOf={nameOfStudy}
        textOf={(study) => `${study.patient_id ?? ''} ${study.study_instance_uid} ${readableDate(study.study_date) ?? ''}`}
        columns={columns}
        empty={{ title: t('retention.due.none'), detail: t('retention.due.noneDetail') }}
        acts={choose}
        tools={
          <div className={classes.choose}>
            <Look />
            {due.length > 0 && (
              <Checkbox
                label={t('retention.due.all')}
                checked={there.length === due.length}
                onChange={(event) => setChosen(new Set(event.currentTarget.checked ? due : []))}
              />
            )}
            {there.length > 0 && <Button onClick={() => setProposing(true)}>{t('retention.due.propose', { count: there.length })}</Button>}
          </div>
        }
      />
      {proposing && <ProposeDialog studies={there} onDone={done} onClose={() => setProposing(false)} />}
    </section>
  )
}

function Look() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const looking = useMutation({ mutationFn: lookForDue, onSettled: () => queryClient.invalidateQueries({ queryKey: retentionKey }) })
  return (
    <>
      <Button variant="default" loading={looking.isPending} onClick={() => looking.mutate()}>
        {t('retention.due.look')}
      </Button>
      <Text size="sm" c="dimmed" role="status">
        {looking.data !== undefined && t('retention.due.looked', { count: looking.data })}
      </Text>
      <Refusal error={looking.error} />
    </>
  )
}

function useDueColumns(): readonly Column<DueStudy>[] {
  const { t } = useTranslation()
  return [
    {
      key: 'patient',
      title: t('retention.due.patient'),
      cell: (study) => <NameCell name={marked(nameOfStudy(study))} detail={study.study_instance_uid} />,
      order: (study) => study.patient_id ?? '',
    },
    {
      key: 'study',
      title: t('retention.due.study'),
      cell: (study) =>
        [readableDate(study.study_date), marked(study.modalities.join(' ')), t('retention.due.objects', { count: study.instance_count })].filter(Boolean).join(' · '),
      order: (study) => study.study_date ?? '',
    },
    { key: 'until', title: t('retention.due.until'), cell: (study) => <DueSince study={study} />, order: (study) => study.kept_until },
  ]
}

function DueSince({ study }: { readonly study: DueStudy }) {
  const { t } = useTranslation()
  return (
    <>
      {study.kept_until} {study.is_deleted && <Mark tone="quiet">{t('retention.due.deleted')}</Mark>}
      {study.state === 'held' && <Mark tone="warning">{t('retention.destructions.states.held')}</Mark>}
    </>
  )
}

interface ProposeDialogProps {
  readonly studies: readonly string[]
  readonly onDone: () => void
  readonly onClose: () => void
}

function ProposeDialog({ studies, onDone, onClose }: ProposeDialogProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [reason, setReason] = useState('')
  const saving = useMutation({
    mutationFn: () => propose(studies, reason.trim()),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: retentionKey })
      onDone()
    },
  })
  return (
    <FormDialog
      title={t('retention.due.proposeTitle')}
      confirm={t('retention.due.proposeDo')}
      ready={reason.trim().length >= SHORTEST_REASON}
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <Text size="sm">{t('retention.due.proposeMeans', { count: studies.length })}</Text>
      <Textarea label={t('retention.due.reason')} maxLength={500} data-autofocus value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </FormDialog>
  )
}
