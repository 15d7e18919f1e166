/** One proposal: its studies, who approved, and what may be decided. */
import { Button, Group, Stack, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { approve, destructionQuery, type DueStudy, retentionKey, type WholeDestruction, withdraw } from '../../api/retention'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { Dialog } from '../../frame/Dialog'
import { FormDialog } from '../../frame/FormDialog'
import { Refusal } from '../../frame/Refusal'
import { readableDate, readableMoment } from '../../kit/dates'
import { marked } from '../../kit/marked'
import { isOpen, nameOfStudy, stageOf } from './words'
import classes from './Retention.module.css'

const SHORTEST_REASON = 3

export function DestructionDialog({ destructionId, onClose }: { readonly destructionId: number; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const { data, error } = useQuery(destructionQuery(destructionId))
  const [deciding, setDeciding] = useState<'approve' | 'withdraw'>()
  const title = t('retention.destructions.named', { number: destructionId })
  return (
    <Dialog title={title} size="lg" onClose={onClose}>
      <Refusal error={error} />
      {data && (
        <Stack gap="md">
          <Facts destruction={data} />
          <ul className={classes.studies}>
            {data.studies.map((study) => (
              <StudyLine key={study.study_instance_uid} study={study} />
            ))}
          </ul>
          {isOpen(data) && (
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setDeciding('withdraw')}>
                {t('retention.destructions.withdraw')}
              </Button>
              {stageOf(data) !== 'approved' && (
                <Button color="red" onClick={() => setDeciding('approve')}>
                  {t('retention.destructions.approve')}
                </Button>
              )}
            </Group>
          )}
          {deciding === 'approve' && <ApproveDialog destruction={data} onClose={() => setDeciding(undefined)} />}
          {deciding === 'withdraw' && <WithdrawDialog destruction={data} onClose={() => setDeciding(undefined)} />}
        </Stack>
      )}
    </Dialog>
  )
}

function Facts({ destruction }: { readonly destruction: WholeDestruction }) {
  const { t } = useTranslation()
  const nameOf = (number: string) => destruction.names[number] ?? number
  const approvals = destruction.approvals.map((each) =>
    t('retention.destructions.approval', {
      name: nameOf(each.approved_by),
      powers: each.powers.map((power) => t(`retention.destructions.powers.${power as 'security'}`)).join(', '),
      at: readableMoment(each.approved_at),
    }),
  )
  const facts: readonly (readonly [string, string])[] = [
    [t('retention.destructions.open'), `${readableMoment(destruction.proposed_at)} ${t('retention.destructions.by', { name: nameOf(destruction.proposed_by) })}`],
    [t('retention.destructions.reason'), destruction.reason],
    [t('retention.destructions.state'), t(`retention.destructions.${stageOf(destruction)}`)],
    [t('retention.destructions.approvals'), approvals.join('; ') || t('common.none')],
    [t('retention.destructions.withdrawn'), destruction.withdrawn_reason ?? ''],
  ]
  return (
    <dl className={classes.facts}>
      {facts.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{marked(value)}</dd>
            </div>
          ),
      )}
    </dl>
  )
}

function StudyLine({ study }: { readonly study: DueStudy }) {
  const { t } = useTranslation()
  const facts = [readableDate(study.study_date), marked(study.modalities.join(' ')), t('retention.due.objects', { count: study.instance_count })]
  return (
    <li>
      <span>
        {marked(nameOfStudy(study))}
        <Text size="sm" c="dimmed" component="span" display="block">
          {facts.filter(Boolean).join(' · ')}
        </Text>
      </span>
      <span>
        {t(`retention.destructions.states.${study.state as 'due'}`)}{' '}
        {study.record_id !== null && (
          <Link
            to="/administration/retention/certificates/$recordId"
            params={{ recordId: String(study.record_id) }}
            aria-label={t('retention.destructions.certificateOf', { name: nameOfStudy(study) })}
          >
            {t('retention.destructions.certificate')}
          </Link>
        )}
      </span>
    </li>
  )
}

interface DecisionProps {
  readonly destruction: WholeDestruction
  readonly onClose: () => void
}

function ApproveDialog({ destruction, onClose }: DecisionProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const act = async () => {
    try {
      await approve(destruction.destruction_id)
    } finally {
      await queryClient.invalidateQueries({ queryKey: retentionKey })
    }
  }
  const first = destruction.approvals.length === 0
  return (
    <ConfirmDialog
      title={t('retention.destructions.approveTitle')}
      means={t(first ? 'retention.destructions.approveFirst' : 'retention.destructions.approveSecond')}
      confirm={t('retention.destructions.approve')}
      act={act}
      onClose={onClose}
    />
  )
}

function WithdrawDialog({ destruction, onClose }: DecisionProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [reason, setReason] = useState('')
  const saving = useMutation({
    mutationFn: () => withdraw(destruction.destruction_id, reason.trim()),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: retentionKey })
      onClose()
    },
  })
  return (
    <FormDialog
      title={t('retention.destructions.withdrawTitle')}
      confirm={t('retention.destructions.withdraw')}
      ready={reason.trim().length >= SHORTEST_REASON}
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <Text size="sm">{t('retention.destructions.withdrawMeans')}</Text>
      <Textarea label={t('retention.due.reason')} maxLength={500} data-autofocus value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </FormDialog>
  )
}
