/** The years that hold here, and a clock that somebody has to confirm. */
import { Alert, Button, NumberInput, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { confirmClock, policyQuery, putPolicy, retentionKey, type RetentionPolicy } from '../../api/retention'
import { FormDialog } from '../../frame/FormDialog'
import { Refusal } from '../../frame/Refusal'
import { readableMoment } from '../../kit/dates'
import classes from './Retention.module.css'

const BY_LAW = { outpatient: 15, inpatient: 30 }
const MOST_YEARS = 200
const SHORTEST_REASON = 3
const SHORTEST_REASON_BELOW = 10

export function Policy() {
  const { t } = useTranslation()
  const { data, error } = useQuery(policyQuery)
  const [changing, setChanging] = useState(false)
  return (
    <section className={classes.card} aria-label={t('retention.policy.title')}>
      <h2 className={classes.heading}>{t('retention.policy.title')}</h2>
      <Refusal error={error} />
      {data && <Years policy={data} />}
      {data?.may_set && (
        <Button variant="default" size="compact-sm" onClick={() => setChanging(true)}>
          {t('retention.policy.set')}
        </Button>
      )}
      {data && changing && <PolicyDialog policy={data} onClose={() => setChanging(false)} />}
    </section>
  )
}

function Years({ policy }: { readonly policy: RetentionPolicy }) {
  const { t } = useTranslation()
  return (
    <>
      {policy.applies ? (
        <ul>
          <li>{t('retention.policy.outpatient', { years: policy.outpatient_years })}</li>
          <li>{t('retention.policy.inpatient', { years: policy.inpatient_years })}</li>
        </ul>
      ) : (
        <Text my="xs">{t('retention.policy.demo')}</Text>
      )}
      {policy.applies && policy.below_the_law && (
        <Alert color="yellow" variant="light" p="sm" mb="sm">
          {t('retention.policy.below', { reason: policy.history[0]?.reason ?? '' })}
        </Alert>
      )}
      {policy.clock.has_leapt && <Clock policy={policy} />}
      {policy.history.length > 0 && <History policy={policy} />}
    </>
  )
}

function History({ policy }: { readonly policy: RetentionPolicy }) {
  const { t } = useTranslation()
  return (
    <details className={classes.history}>
      <summary>{t('retention.policy.history')}</summary>
      <ul>
        {policy.history.map((each) => (
          <li key={each.policy_id}>
            {t(each.applies ? 'retention.policy.entry' : 'retention.policy.entryDemo', {
              at: readableMoment(each.set_at),
              outpatient: each.outpatient_years,
              inpatient: each.inpatient_years,
              reason: each.reason,
            })}
          </li>
        ))}
      </ul>
    </details>
  )
}

function Clock({ policy }: { readonly policy: RetentionPolicy }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const confirming = useMutation({ mutationFn: confirmClock, onSuccess: () => queryClient.invalidateQueries({ queryKey: retentionKey }) })
  return (
    <Alert color="red" variant="light" role="alert" p="sm" mb="sm">
      <p>{t('retention.policy.clock', { believed: policy.clock.believed ?? '', today: policy.clock.today })}</p>
      {policy.may_set && (
        <Button color="red" size="compact-sm" loading={confirming.isPending} onClick={() => confirming.mutate()}>
          {t('retention.policy.clockConfirm')}
        </Button>
      )}
      <Refusal error={confirming.error} />
    </Alert>
  )
}

function PolicyDialog({ policy, onClose }: { readonly policy: RetentionPolicy; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [outpatient, setOutpatient] = useState(policy.outpatient_years)
  const [inpatient, setInpatient] = useState(policy.inpatient_years)
  const [reason, setReason] = useState('')
  const saving = useMutation({
    mutationFn: () => putPolicy({ outpatient_years: outpatient, inpatient_years: inpatient, reason: reason.trim() }),
    onSuccess: async (saved) => {
      queryClient.setQueryData(policyQuery.queryKey, saved)
      await queryClient.invalidateQueries({ queryKey: retentionKey })
      onClose()
    },
  })
  const below = outpatient < BY_LAW.outpatient || inpatient < BY_LAW.inpatient
  const ready = reason.trim().length >= (below ? SHORTEST_REASON_BELOW : SHORTEST_REASON)
  const years = (label: string, value: number, change: (years: number) => void) => (
    <NumberInput label={label} min={1} max={MOST_YEARS} allowDecimal={false} allowNegative={false} value={value} onChange={(next) => change(Number(next))} />
  )
  return (
    <FormDialog title={t('retention.policy.setTitle')} ready={ready} saving={saving} danger={below} onSubmit={() => saving.mutate()} onClose={onClose}>
      <Text size="sm">{t('retention.policy.setMeans')}</Text>
      {years(t('retention.policy.outpatientYears'), outpatient, setOutpatient)}
      {years(t('retention.policy.inpatientYears'), inpatient, setInpatient)}
      <Textarea
        label={t('retention.policy.reason')}
        description={below ? t('retention.policy.reasonBelow') : undefined}
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
