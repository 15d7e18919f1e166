/** Sending studies: where to, the whole of them or chosen series, and then how far it is. */
import { Button, Checkbox, Group, NativeSelect, Radio, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { destinationsQuery } from '../../api/destinations'
import { sendStudy, transfersQuery } from '../../api/transfers'
import type { StudyRow } from '../../api/types'
import { Dialog } from '../../frame/Dialog'
import { DialogFooter } from '../../frame/DialogFooter'
import { marked } from '../../kit/marked'
import { TransferLine } from '../transfers/TransferLine'
import { studyQuery } from '../viewer/use-study'
import classes from './SendDialog.module.css'
import { letGo } from './selected-studies'
import { StudyNames } from './StudyNames'

interface SendDialogProps {
  readonly studies: readonly StudyRow[]
  readonly onClose: () => void
}

export function SendDialog({ studies, onClose }: SendDialogProps) {
  const { t } = useTranslation()
  const [sent, setSent] = useState<readonly number[]>()
  return (
    <Dialog title={t('send.title', { count: studies.length })} onClose={onClose}>
      {sent ? <Progress ids={sent} onClose={onClose} /> : <Question studies={studies} onClose={onClose} onSent={setSent} />}
    </Dialog>
  )
}

interface QuestionProps extends SendDialogProps {
  readonly onSent: (transferIds: readonly number[]) => void
}

function Question({ studies, onClose, onSent }: QuestionProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data: known, error } = useQuery(destinationsQuery)
  const destinations = known?.filter((each) => each.send_allowed)
  const [picked, setPicked] = useState('')
  const [series, setSeries] = useState<readonly string[]>()
  const chosen = picked || String(destinations?.[0]?.destination_id ?? '')
  const sending = useMutation({
    mutationFn: async () => {
      const ids: number[] = []
      for (const study of studies) ids.push(await sendStudy(study.study_instance_uid, Number(chosen), series))
      return ids
    },
    onSuccess: (ids) => {
      letGo(studies.map((study) => study.study_instance_uid))
      void queryClient.invalidateQueries({ queryKey: transfersQuery.queryKey })
      onSent(ids)
    },
  })
  const only = studies.length === 1 ? studies[0] : undefined
  const ready = chosen !== '' && series?.length !== 0
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) sending.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <StudyNames studies={studies} />
        {destinations?.length === 0 && <Text size="sm">{t('send.noDestinations')}</Text>}
        {destinations && destinations.length > 0 && (
          <NativeSelect
            label={t('send.destination')}
            value={chosen}
            onChange={(event) => setPicked(event.currentTarget.value)}
            data={destinations.map((each) => ({
              value: String(each.destination_id),
              label: `${each.name} (${each.ae_title})`,
            }))}
          />
        )}
        {only && <SeriesChoice study={only} chosen={series} onChange={setSeries} />}
        <DialogFooter error={error ?? sending.error} confirm={t('send.confirm')} ready={ready} busy={sending.isPending} onCancel={onClose} />
      </Stack>
    </form>
  )
}

interface SeriesChoiceProps {
  readonly study: StudyRow
  /** undefined: the whole study. */
  readonly chosen: readonly string[] | undefined
  readonly onChange: (series: readonly string[] | undefined) => void
}

function SeriesChoice({ study, chosen, onChange }: SeriesChoiceProps) {
  const { t } = useTranslation()
  const { data } = useQuery({ ...studyQuery(study.study_instance_uid), enabled: chosen !== undefined, refetchInterval: false })
  return (
    <Radio.Group label={t('send.what')} value={chosen ? 'series' : 'study'} onChange={(value) => onChange(value === 'series' ? [] : undefined)}>
      <Stack gap="xs" mt="xs">
        <Radio value="study" label={t('send.wholeStudy')} />
        <Radio value="series" label={t('send.someSeries')} />
      </Stack>
      {chosen && (
        <Checkbox.Group value={[...chosen]} onChange={onChange}>
          <div className={classes.series} role="group" aria-label={t('viewer.seriesList')}>
            {data?.series.map((each) => (
              <Checkbox
                key={each.series_instance_uid}
                value={each.series_instance_uid}
                label={[each.series_number, each.modality, marked(each.series_description ?? '')].filter((part) => part !== null && part !== '').join(' · ')}
                description={t('list.objects', { count: each.instance_count })}
              />
            ))}
          </div>
        </Checkbox.Group>
      )}
    </Radio.Group>
  )
}

function Progress({ ids, onClose }: { readonly ids: readonly number[]; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const { data: transfers } = useQuery(transfersQuery)
  const ours = transfers?.filter((each) => ids.includes(each.transfer_id)) ?? []
  return (
    <Stack gap="md">
      <ul className={classes.transfers}>
        {ours.map((transfer) => (
          <TransferLine key={transfer.transfer_id} transfer={transfer} />
        ))}
      </ul>
      <Text size="sm" c="dimmed">
        {t('send.goesOn')}
      </Text>
      <Group justify="flex-end">
        <Button onClick={onClose}>{t('common.close')}</Button>
      </Group>
    </Stack>
  )
}
