/** Each breaking of the glass, to be judged by a security officer. */
import { Button, Group, Radio, Stack, Switch, Text, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Access, accessReviewsQuery, judgeAccess, type Judgement } from '../../api/restriction'
import { Mark, Mono, NameCell } from '../../frame/Facts'
import { FormDialog } from '../../frame/FormDialog'
import { type Column, RecordList } from '../../frame/RecordList'
import { readableMoment } from '../../kit/dates'
import { AdministrationPage } from '../administration/AdministrationPage'

export function AccessReviews() {
  const { t } = useTranslation()
  const [all, setAll] = useState(false)
  const { data, error } = useQuery(accessReviewsQuery(!all))
  const [judged, setJudged] = useState<Access>()
  const columns = useAccessColumns()
  const judge = (access: Access) =>
    access.judgement === null && (
      <Button
        variant="light"
        size="compact-sm"
        onClick={() => setJudged(access)}
        aria-label={t('sharing.reviews.judgeNamed', { name: access.display_name })}
      >
        {t('sharing.reviews.judge')}
      </Button>
    )
  return (
    <AdministrationPage title={t('sharing.reviews.title')} intro={t('sharing.reviews.intro')}>
      <RecordList
        name={t('sharing.reviews.title')}
        records={data}
        error={error}
        keyOf={(access) => access.glass_id}
        nameOf={(access) => access.display_name}
        textOf={(access) => `${access.display_name} ${access.patient_id} ${access.reason}`}
        columns={columns}
        empty={{ title: t('sharing.reviews.none'), detail: t('sharing.reviews.noneDetail') }}
        acts={judge}
        tools={<Switch label={t('sharing.reviews.all')} checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />}
      />
      {judged && <JudgeDialog access={judged} onClose={() => setJudged(undefined)} />}
    </AdministrationPage>
  )
}

function useAccessColumns(): readonly Column<Access>[] {
  const { t } = useTranslation()
  const state = (access: Access) => {
    if (access.judgement === null) return <Mark tone="warning">{t('sharing.reviews.waiting')}</Mark>
    const justified = access.judgement === 'justified'
    return <Mark tone={justified ? 'good' : 'bad'}>{t(justified ? 'sharing.reviews.justified' : 'sharing.reviews.notJustified')}</Mark>
  }
  return [
    {
      key: 'who',
      title: t('sharing.reviews.who'),
      cell: (access) => <NameCell name={access.display_name} detail={readableMoment(access.opened_at)} />,
      order: (access) => access.opened_at,
    },
    { key: 'patient', title: t('sharing.reviews.patient'), cell: (access) => <Mono>{access.patient_id}</Mono>, order: (access) => access.patient_id },
    { key: 'reason', title: t('sharing.reviews.reason'), cell: (access) => access.reason },
    { key: 'studies', title: t('sharing.reviews.studies'), cell: (access) => access.studies_opened, order: (access) => access.studies_opened },
    { key: 'state', title: t('sharing.reviews.judge'), cell: state, order: (access) => access.judgement ?? '' },
  ]
}

function JudgeDialog({ access, onClose }: { readonly access: Access; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [judgement, setJudgement] = useState<Judgement>()
  const [note, setNote] = useState('')
  const saving = useMutation({
    mutationFn: (chosen: Judgement) => judgeAccess(access.glass_id, chosen, note.trim()),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['access-reviews'] })
      onClose()
    },
  })
  return (
    <FormDialog
      title={t('sharing.reviews.judgeNamed', { name: access.display_name })}
      confirm={t('sharing.reviews.judge')}
      ready={judgement !== undefined}
      saving={saving}
      onSubmit={() => judgement && saving.mutate(judgement)}
      onClose={onClose}
    >
      <Stack gap={4}>
        <Text size="sm" c="dimmed">
          {[access.patient_id, readableMoment(access.opened_at)].join(' · ')}
        </Text>
        <Text>{access.reason}</Text>
      </Stack>
      <Radio.Group aria-label={t('sharing.reviews.judge')} value={judgement ?? ''} onChange={(value) => setJudgement(value as Judgement)}>
        <Group>
          <Radio value="justified" label={t('sharing.reviews.justified')} />
          <Radio value="not-justified" label={t('sharing.reviews.notJustified')} />
        </Group>
      </Radio.Group>
      <Textarea label={t('sharing.reviews.note')} maxLength={1000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
    </FormDialog>
  )
}
