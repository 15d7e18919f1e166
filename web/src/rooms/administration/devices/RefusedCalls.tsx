/** Callers that were not let in; one press makes a device of one. */
import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'

import { forgetCall, type NewDevice, type RefusedCall, refusedCallsQuery } from '../../../api/devices'
import { Mono, NameCell } from '../../../frame/Facts'
import { type Column, RecordList } from '../../../frame/RecordList'
import { readableMoment } from '../../../kit/dates'
import { marked } from '../../../kit/marked'
import classes from './Devices.module.css'

const LOOK_MS = 5000

/** The reason as people say it; the server's word where we have none. */
function reasonInWords(reason: string): string {
  return i18next.exists(`manage.refusals.${reason}`) ? i18next.t(`manage.refusals.${reason}` as 'manage.refusals.unknown-caller') : reason
}

export function RefusedCalls({ onMake }: { readonly onMake: (device: Partial<NewDevice>) => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery({ ...refusedCallsQuery, refetchInterval: LOOK_MS })
  const forgetting = useMutation({
    mutationFn: (call: RefusedCall) => forgetCall(call.refused_call_id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: refusedCallsQuery.queryKey }),
  })
  const make = (call: RefusedCall) =>
    onMake({
      name: call.calling_ae_title,
      ae_title: call.calling_ae_title,
      networks: [call.address],
      certificate: call.certificate || null,
      plain_allowed: !call.certificate,
    })
  const acts = (call: RefusedCall) => (
    <>
      {call.reason === 'unknown-caller' && (
        <Button variant="default" size="compact-sm" onClick={() => make(call)} aria-label={t('manage.devices.makeNamed', { name: call.calling_ae_title })}>
          {t('manage.devices.make')}
        </Button>
      )}
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        onClick={() => forgetting.mutate(call)}
        aria-label={t('manage.devices.forgetNamed', { name: call.calling_ae_title })}
      >
        {t('manage.devices.forget')}
      </Button>
    </>
  )
  return (
    <section className={classes.refused} aria-labelledby="refused-calls">
      <h2 id="refused-calls">{t('manage.devices.refused')}</h2>
      {data && data.length > 0 && <p>{t('manage.devices.refusedIntro')}</p>}
      <RecordList
        name={t('manage.devices.refused')}
        records={data}
        error={error ?? forgetting.error}
        keyOf={(call) => call.refused_call_id}
        nameOf={(call) => call.calling_ae_title}
        textOf={(call) => `${call.calling_ae_title} ${call.address} ${reasonInWords(call.reason)}`}
        columns={useColumns()}
        empty={{ title: t('manage.devices.refusedNone'), detail: t('manage.devices.refusedNoneDetail') }}
        acts={acts}
      />
    </section>
  )
}

function useColumns(): readonly Column<RefusedCall>[] {
  const { t } = useTranslation()
  return [
    {
      key: 'caller',
      title: t('manage.devices.caller'),
      cell: (call) => (
        <NameCell
          name={marked(call.calling_ae_title)}
          detail={
            <>
              <Mono>{call.address}</Mono> · {t('manage.devices.calledTitle', { title: marked(call.called_ae_title) })}
            </>
          }
        />
      ),
      order: (call) => call.calling_ae_title,
    },
    { key: 'why', title: t('manage.devices.why'), cell: (call) => reasonInWords(call.reason), order: (call) => call.reason },
    { key: 'calls', title: t('manage.devices.calls'), cell: (call) => call.calls, order: (call) => call.calls },
    { key: 'last', title: t('manage.devices.lastCall'), cell: (call) => readableMoment(call.last_at), order: (call) => call.last_at },
  ]
}
