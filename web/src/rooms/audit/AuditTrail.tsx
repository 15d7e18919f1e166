/** The audit trail for auditors: what is looked for, what was found, and how the trail is kept. */
import { Button } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { auditEventsQuery, auditStateQuery, type AuditEvent, exportAudit } from '../../api/audit'
import { Icon } from '../../brand/Icon'
import { Mark, Mono, NameCell } from '../../frame/Facts'
import { Nothing } from '../../frame/Nothing'
import { RecordCards } from '../../frame/RecordCards'
import type { Column } from '../../frame/RecordList'
import { RecordTable } from '../../frame/RecordTable'
import { Refusal } from '../../frame/Refusal'
import { marked } from '../../kit/marked'
import { PHONE } from '../../theme/tokens'
import { AdministrationPage } from '../administration/AdministrationPage'
import { type Asked, exactMoment, NOTHING_ASKED, searchOf } from './audit-search'
import classes from './AuditTrail.module.css'
import { EventDialog } from './EventDialog'
import { SearchForm } from './SearchForm'
import { TrailState } from './TrailState'
import { useWordsOfAction, useWordsOfKind } from './words'

export function AuditTrail() {
  const { t } = useTranslation()
  const { study } = useSearch({ strict: false }) as { study?: string }
  const [asked, setAsked] = useState<Asked>({ ...NOTHING_ASKED, study: study ?? '' })
  const exporting = useMutation({ mutationFn: () => exportAudit(searchOf(asked)), onSuccess: save })
  const state = useQuery(auditStateQuery)
  return (
    <AdministrationPage
      title={t('audit.title')}
      intro={t('audit.intro')}
      actions={
        <Button variant="default" leftSection={<Icon name="download" size={18} />} loading={exporting.isPending} onClick={() => exporting.mutate()}>
          {t('audit.export')}
        </Button>
      }
    >
      <Refusal error={state.error ?? exporting.error} />
      {state.data && <TrailState state={state.data} />}
      <SearchForm asked={asked} onAsk={setAsked} />
      <Found asked={asked} />
    </AdministrationPage>
  )
}

function Found({ asked }: { readonly asked: Asked }) {
  const { t } = useTranslation()
  const phone = useMediaQuery(PHONE)
  const columns = useColumns()
  const [opened, setOpened] = useState<AuditEvent>()
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery(auditEventsQuery(searchOf(asked)))
  const events = data?.pages.flatMap((page) => page.events) ?? []
  const empty = { title: t('audit.none'), detail: t('audit.noneDetail') }
  const list = {
    name: t('audit.name'),
    records: events,
    shown: events,
    columns,
    empty,
    keyOf: (event: AuditEvent) => event.sequence,
    nameOf: (event: AuditEvent) => t('audit.open', { when: exactMoment(event.at) }),
    textOf: () => '',
    onOpen: setOpened,
  }
  return (
    <section className={classes.found} aria-label={t('audit.name')}>
      <Refusal error={error} />
      {data && events.length === 0 && <Nothing {...empty} />}
      {events.length > 0 && (phone ? <RecordCards {...list} /> : <RecordTable {...list} sorting={undefined} onSort={() => undefined} />)}
      {hasNextPage && (
        <Button variant="default" className={classes.more} loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('audit.more')}
        </Button>
      )}
      {opened && <EventDialog event={opened} onClose={() => setOpened(undefined)} />}
    </section>
  )
}

function useColumns(): readonly Column<AuditEvent>[] {
  const { t } = useTranslation()
  const wordsOf = useWordsOfAction()
  const wordsOfKind = useWordsOfKind()
  return [
    { key: 'at', title: t('audit.when'), cell: (event) => <span className={classes.when}>{exactMoment(event.at)}</span> },
    { key: 'who', title: t('audit.who'), cell: (event) => <NameCell name={marked(event.who)} detail={wordsOfKind(event.caller_kind)} /> },
    { key: 'what', title: t('audit.what'), cell: (event) => wordsOf(event.action) },
    { key: 'which', title: t('audit.which'), cell: (event) => event.study_instance_uid && <NameCell name={marked(event.patient_id)} detail={<Mono>{event.study_instance_uid}</Mono>} /> },
    { key: 'where', title: t('audit.where'), cell: (event) => event.address && <span className={classes.where}><Mono>{event.address}</Mono></span> },
    {
      key: 'outcome',
      title: t('audit.outcome'),
      cell: (event) => <Mark tone={event.outcome === 0 ? 'good' : 'bad'}>{t(event.outcome === 0 ? 'audit.succeeded' : 'audit.refused')}</Mark>,
    },
  ]
}

function save(data: Blob) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(data)
  link.download = 'audit.csv'
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href))
}
