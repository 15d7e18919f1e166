/** How everything runs: what needs attention first, then hosts, storages, work, the other site, and what institutions use. */
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { operationsQuery } from '../../../api/operations'
import { Refusal } from '../../../frame/Refusal'
import { AdministrationPage } from '../AdministrationPage'
import { Attention } from './Attention'
import { Nodes, Queues, Storages } from './Running'
import { Room, Site } from './Site'
import { UseOfInstitutions } from './UseOfInstitutions'

export function Operations() {
  const { t } = useTranslation()
  const { data, error } = useQuery(operationsQuery)
  return (
    <AdministrationPage title={t('operations.title')} intro={t('operations.intro')}>
      {!data && <Refusal error={error} />}
      {!data && !error && <Skeleton height={200} radius="lg" role="status" aria-label={t('common.loading')} />}
      {data && (
        <>
          <Attention alerts={data.alerts} />
          <Nodes nodes={data.nodes} />
          <Storages storages={data.storages} suspects={data.suspect_copies} deletions={data.waiting_deletions} />
          <Queues queues={data.queues} />
          {data.site && <Site site={data.site} />}
          <UseOfInstitutions use={data.use} at={data.at} />
          <Room free={data.disk_free_bytes} total={data.disk_total_bytes} database={data.database_bytes} />
        </>
      )}
    </AdministrationPage>
  )
}
