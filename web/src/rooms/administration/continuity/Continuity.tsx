/** The two sites: who leads, how far the other is behind, what a take-over missed, and the drills that were held. */
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'

import { type SiteComparison, type SiteLead, type Sites, sitesQuery } from '../../../api/continuity'
import { Mark, NameCell, Quiet } from '../../../frame/Facts'
import type { Column } from '../../../frame/RecordList'
import { Refusal } from '../../../frame/Refusal'
import { readableMoment } from '../../../kit/dates'
import { readableBytes, readableCount, readableSpan } from '../../../kit/quantities'
import { AdministrationPage } from '../AdministrationPage'
import { type Fact, Facts, Part, Table } from '../operations/Part'
import { Drills } from './Drills'

export function Continuity() {
  const { t } = useTranslation()
  const { data, error } = useQuery(sitesQuery)
  return (
    <AdministrationPage title={t('continuity.title')} intro={t('continuity.intro')}>
      {!data && <Refusal error={error} />}
      {!data && !error && <Skeleton height={200} radius="lg" role="status" aria-label={t('common.loading')} />}
      {data && (
        <>
          <Now sites={data} />
          {data.has_other && <Other sites={data} />}
          <Drills />
          <History sites={data} />
          {data.comparisons.length > 0 && <Comparisons sites={data} />}
        </>
      )}
    </AdministrationPage>
  )
}

function Now({ sites }: { readonly sites: Sites }) {
  const { t } = useTranslation()
  const facts: Fact[] = [
    { word: t('continuity.site'), value: sites.site },
    {
      word: t('continuity.lead'),
      value: sites.leads ? <Mark tone="good">{t('continuity.leads')}</Mark> : <Mark tone="bad">{t('continuity.leadsNot')}</Mark>,
    },
    { word: t('continuity.generation'), value: sites.generation },
    { word: t('continuity.witness'), value: sites.has_witness ? t('continuity.witnessed') : t('continuity.unwitnessed') },
  ]
  return (
    <Part title={t('continuity.now')}>
      {sites.alarms.map((alarm) => (
        <Mark key={alarm} tone="warning">
          {alarmWords(alarm)}
        </Mark>
      ))}
      {!sites.has_other && <Quiet>{t('continuity.alone')}</Quiet>}
      <Facts facts={facts} />
    </Part>
  )

  function alarmWords(alarm: string): string {
    return i18next.exists(`continuity.alarms.${alarm}`) ? t(`continuity.alarms.${alarm}` as 'continuity.alarms.other-site-behind') : alarm
  }
}

function Other({ sites }: { readonly sites: Sites }) {
  const { t, i18n } = useTranslation()
  const { lag, index } = sites
  const amount = (objects: number, bytes: number) =>
    t('continuity.amount', { count: objects, objects: readableCount(objects, i18n.language), size: readableBytes(bytes, i18n.language) })
  const facts: Fact[] = []
  if (lag) {
    facts.push(
      { word: t('continuity.lag'), value: lag.objects === 0 ? t('continuity.level') : readableSpan(lag.seconds, i18n.language) },
      { word: t('continuity.waiting'), value: amount(lag.objects, lag.bytes) },
      { word: t('continuity.removals'), value: readableCount(lag.removals, i18n.language) },
    )
    if (lag.stuck > 0) facts.push({ word: t('continuity.stuck'), value: <Mark tone="bad">{readableCount(lag.stuck, i18n.language)}</Mark> })
  }
  if (index) facts.push({ word: t('continuity.index'), value: indexWords(index) })
  facts.push(
    { word: t('continuity.copied'), value: amount(sites.objects_copied, sites.bytes_copied) },
    { word: t('continuity.lastCopied'), value: sites.last_copied_at ? readableMoment(sites.last_copied_at) : t('common.none') },
  )
  if (sites.missing > 0) facts.push({ word: t('continuity.missing'), value: <Mark tone="bad">{readableCount(sites.missing, i18n.language)}</Mark> })
  return (
    <Part title={t('continuity.other')}>
      <Facts facts={facts} />
    </Part>
  )

  function indexWords(copy: NonNullable<Sites['index']>) {
    if (!copy.has_slot) return t('continuity.notInvited')
    if (copy.lost) return <Mark tone="bad">{t('continuity.indexLost')}</Mark>
    if (!copy.connected) return <Mark tone="warning">{t('continuity.notConnected')}</Mark>
    const behind = copy.lag_bytes === null ? '' : readableBytes(copy.lag_bytes, i18n.language)
    return <Mark tone="good">{t('continuity.connected', { behind })}</Mark>
  }
}

function History({ sites }: { readonly sites: Sites }) {
  const { t } = useTranslation()
  const columns = useLeadColumns()
  return (
    <Part title={t('continuity.history')}>
      {sites.history.length === 0 && <Quiet>{t('continuity.noHistory')}</Quiet>}
      {sites.history.length > 0 && (
        <Table
          name={t('continuity.history')}
          records={sites.history}
          nameOf={(one) => `${one.site} ${one.generation}`}
          columns={columns}
        />
      )}
    </Part>
  )
}

function Comparisons({ sites }: { readonly sites: Sites }) {
  const { t } = useTranslation()
  const columns = useComparisonColumns()
  return (
    <Part title={t('continuity.comparisons')}>
      <Table
        name={t('continuity.comparisons')}
        records={sites.comparisons}
        nameOf={(one) => readableMoment(one.at)}
        columns={columns}
      />
    </Part>
  )
}

function useLeadColumns(): readonly Column<SiteLead>[] {
  const { t } = useTranslation()
  return [
    { key: 'site', title: t('continuity.site'), cell: (one) => <NameCell name={one.site} detail={String(one.generation)} /> },
    { key: 'since', title: t('continuity.since'), cell: (one) => readableMoment(one.since) },
    { key: 'account', title: t('continuity.account'), cell: (one) => told(one.account) },
  ]
}

function useComparisonColumns(): readonly Column<SiteComparison>[] {
  const { t } = useTranslation()
  const how = (one: SiteComparison) => {
    if (one.account['kind'] === 'adopted') return t('continuity.adopted')
    return one.digests ? t('continuity.byDigest') : t('continuity.bySize')
  }
  return [
    { key: 'at', title: t('continuity.at'), cell: (one) => <NameCell name={readableMoment(one.at)} /> },
    { key: 'kind', title: t('continuity.kind'), cell: how },
    { key: 'account', title: t('continuity.account'), cell: (one) => told(one.account) },
  ]
}

/** The numbers of an account as the server names them: for those who look after the sites. */
function told(account: Record<string, unknown>): string {
  return Object.entries(account)
    .filter(([name, value]) => name !== 'kind' && name !== 'generation' && (typeof value === 'number' ? value !== 0 : typeof value === 'string'))
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${String(value)}`)
    .join(' · ')
}
