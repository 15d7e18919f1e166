/** Hosts, storages with their copies, and work that waits. */
import { useTranslation } from 'react-i18next'

import type { OperationsNode, OperationsQueue, OperationsStorage } from '../../../api/operations'
import { Mark, NameCell, Quiet, type Tone } from '../../../frame/Facts'
import type { Column } from '../../../frame/RecordList'
import { readableMoment } from '../../../kit/dates'
import { readableBytes, readableCount, readableSpan } from '../../../kit/quantities'
import { Part, Table } from './Part'

/** The server's limit for `node-silent`. */
const SILENT_S = 60

type NodeState = 'up' | 'silent' | 'draining' | 'stopped' | 'gone' | 'given-up'
const TONES: Record<NodeState, Tone> = { up: 'good', silent: 'bad', draining: 'warning', stopped: 'quiet', gone: 'quiet', 'given-up': 'quiet' }

function stateOf(node: OperationsNode): NodeState {
  if ((node.state === 'up' || node.state === 'draining') && node.silent_for_s > SILENT_S) return 'silent'
  return node.state in TONES ? (node.state as NodeState) : 'stopped'
}

function useNodeColumns(): readonly Column<OperationsNode>[] {
  const { t, i18n } = useTranslation()
  return [
    { key: 'name', title: t('operations.node'), cell: (node) => <NameCell name={node.name} /> },
    {
      key: 'state',
      title: t('operations.state'),
      cell: (node) => <Mark tone={TONES[stateOf(node)]}>{t(`operations.states.${stateOf(node)}`)}</Mark>,
    },
    { key: 'seen', title: t('operations.seen'), cell: (node) => t('operations.ago', { span: readableSpan(node.silent_for_s, i18n.language) }) },
    { key: 'alone', title: t('operations.alone'), cell: (node) => readableBytes(node.alone_bytes, i18n.language) },
    { key: 'version', title: t('operations.version'), cell: (node) => node.version },
  ]
}

export function Nodes({ nodes }: { readonly nodes: readonly OperationsNode[] }) {
  const { t } = useTranslation()
  const columns = useNodeColumns()
  return (
    <Part title={t('operations.nodes')}>
      {nodes.length === 0 && <Quiet>{t('operations.noNodes')}</Quiet>}
      {nodes.length > 0 && <Table name={t('operations.nodes')} records={nodes} columns={columns} nameOf={(node) => node.name} />}
    </Part>
  )
}

interface StoragesProps {
  readonly storages: readonly OperationsStorage[]
  readonly suspects: number
  readonly deletions: number
}

export function Storages({ storages, suspects, deletions }: StoragesProps) {
  const { t } = useTranslation()
  return (
    <Part title={t('operations.storages')}>
      <Table name={t('operations.storages')} records={storages} columns={useStorageColumns()} nameOf={(storage) => storage.name} />
      {suspects > 0 && <Mark tone="warning">{t('operations.suspects', { count: suspects })}</Mark>}
      {deletions > 0 && <Quiet>{t('operations.deletions', { count: deletions })}</Quiet>}
    </Part>
  )
}

function useStorageColumns(): readonly Column<OperationsStorage>[] {
  const { t, i18n } = useTranslation()
  const count = (value: number) => readableCount(value, i18n.language)
  const bytes = (value: number) => readableBytes(value, i18n.language)
  return [
    { key: 'name', title: t('operations.storage'), cell: (each) => <NameCell name={each.name} detail={roleOf(each.role)} /> },
    { key: 'copies', title: t('operations.copies'), cell: (each) => count(each.objects) },
    {
      key: 'size',
      title: t('operations.size'),
      cell: (each) => (
        <>
          {bytes(each.bytes)}
          {each.max_bytes !== null && <Quiet>{t('operations.ofLimit', { limit: bytes(each.max_bytes) })}</Quiet>}
        </>
      ),
    },
    { key: 'unverified', title: t('operations.unverified'), cell: (each) => count(each.unverified) },
    {
      key: 'damaged',
      title: t('operations.damaged'),
      cell: (each) => (each.damaged ? <Mark tone="bad">{count(each.damaged)}</Mark> : count(0)),
    },
    {
      key: 'verified',
      title: t('operations.verified'),
      cell: (each) => (each.oldest_verified_at ? readableMoment(each.oldest_verified_at).slice(0, 10) : t('common.none')),
    },
  ]

  function roleOf(role: string): string {
    return role === 'hot' || role === 'warm' || role === 'cold' || role === 'second-site' ? t(`operations.roles.${role}`) : role
  }
}

function useQueueColumns(): readonly Column<OperationsQueue>[] {
  const { t, i18n } = useTranslation()
  const count = (value: number) => readableCount(value, i18n.language)
  return [
    { key: 'queue', title: t('operations.queue'), cell: (each) => <NameCell name={each.queue} /> },
    { key: 'todo', title: t('operations.todo'), cell: (each) => count(each.todo) },
    { key: 'doing', title: t('operations.doing'), cell: (each) => count(each.doing) },
    { key: 'failed', title: t('operations.failed'), cell: (each) => (each.failed ? <Mark tone="warning">{count(each.failed)}</Mark> : count(0)) },
    { key: 'oldest', title: t('operations.oldest'), cell: (each) => readableSpan(Math.max(0, each.waiting_s), i18n.language) },
  ]
}

export function Queues({ queues }: { readonly queues: readonly OperationsQueue[] }) {
  const { t } = useTranslation()
  const columns = useQueueColumns()
  return (
    <Part title={t('operations.queues')}>
      {queues.length === 0 && <Quiet>{t('operations.noQueues')}</Quiet>}
      {queues.length > 0 && <Table name={t('operations.queues')} records={queues} columns={columns} nameOf={(each) => each.queue} />}
    </Part>
  )
}
