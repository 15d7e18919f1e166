/** Storages and their copies, what is wrong with them, and the policies that say where copies belong. */
import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { retireStorage, type Storage, storagesQuery, testStorage, verifyStorage } from '../../../api/storages'
import { Icon } from '../../../brand/Icon'
import { ConfirmDialog } from '../../../frame/ConfirmDialog'
import { Mark, NameCell, Quiet } from '../../../frame/Facts'
import { type Column, RecordList } from '../../../frame/RecordList'
import { Refusal, useWordsOfReason } from '../../../frame/Refusal'
import { useMay } from '../../../frame/rights'
import { readableMoment } from '../../../kit/dates'
import { readableBytes, readableCount } from '../../../kit/quantities'
import lines from '../Administration.module.css'
import { AdministrationPage } from '../AdministrationPage'
import { Policies } from './Policies'
import { Attention, Findings } from './Problems'
import { StorageForm } from './StorageForm'
import classes from './Storages.module.css'

const PRIMARY = 1

export function Storages() {
  const { t } = useTranslation()
  const may = useMay()('manage-storage')
  const { data, error } = useQuery(storagesQuery)
  const [edited, setEdited] = useState<Storage | 'new'>()
  const [retired, setRetired] = useState<Storage>()
  const columns = useColumns()
  const acts = (storage: Storage) => <Acts storage={storage} onEdit={() => setEdited(storage)} onRetire={() => setRetired(storage)} />
  return (
    <AdministrationPage
      title={t('storages.title')}
      intro={t('storages.intro')}
      actions={
        may && (
          <Button leftSection={<Icon name="add" size={18} />} onClick={() => setEdited('new')}>
            {t('storages.add')}
          </Button>
        )
      }
    >
      {data && <Attention alarms={data.alarms} />}
      <RecordList
        name={t('storages.title')}
        records={data?.storages}
        error={error}
        keyOf={(storage) => storage.storage_id}
        nameOf={(storage) => storage.name}
        textOf={(storage) => `${storage.name} ${storage.url ?? ''}`}
        columns={columns}
        empty={{ title: t('storages.none') }}
        acts={may ? acts : undefined}
      />
      {data && <Policies storages={data.storages} />}
      {data && <Findings findings={data.findings} storages={data.storages} />}
      {edited && <StorageForm storage={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      {retired && <Retirement storage={retired} onClose={() => setRetired(undefined)} />}
    </AdministrationPage>
  )
}

function useColumns(): readonly Column<Storage>[] {
  const { t, i18n } = useTranslation()
  return [
    {
      key: 'name',
      title: t('storages.name'),
      cell: (storage) => <NameCell name={storage.name} detail={storage.url ?? t('storages.primary')} />,
      order: (storage) => storage.name,
    },
    {
      key: 'role',
      title: t('storages.role'),
      cell: (storage) => (
        <>
          <span className={classes.word}>{t(`storages.roles.${storage.role as 'hot'}`)}</span>
          {storage.retain_days > 0 && <Quiet>{t('storages.retains', { count: storage.retain_days })}</Quiet>}
        </>
      ),
      order: (storage) => storage.role,
    },
    {
      key: 'state',
      title: t('storages.state'),
      cell: (storage) =>
        storage.damaged_count > 0 ? (
          <Mark tone="bad">{t('storages.damaged', { count: storage.damaged_count })}</Mark>
        ) : (
          <Mark tone={storage.state === 'active' ? 'good' : 'quiet'}>{t(`storages.states.${storage.state as 'active'}`)}</Mark>
        ),
      order: (storage) => storage.state,
    },
    {
      key: 'copies',
      title: t('storages.copies'),
      cell: (storage) => (
        <>
          {readableCount(storage.object_count, i18n.language)}
          <Quiet>{readableBytes(storage.byte_count, i18n.language)}</Quiet>
        </>
      ),
      order: (storage) => storage.byte_count,
    },
    {
      key: 'verified',
      title: t('storages.verified'),
      cell: (storage) => (storage.oldest_verified_at ? readableMoment(storage.oldest_verified_at).slice(0, 10) : t('storages.neverVerified')),
      order: (storage) => storage.oldest_verified_at ?? '',
    },
  ]
}

interface ActsProps {
  readonly storage: Storage
  readonly onEdit: () => void
  readonly onRetire: () => void
}

function Acts({ storage, onEdit, onRetire }: ActsProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { name, storage_id, state } = storage
  const testing = useMutation({ mutationFn: () => testStorage(storage_id) })
  const verifying = useMutation({
    mutationFn: () => verifyStorage(storage_id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: storagesQuery.queryKey }),
  })
  if (state === 'retired') return null
  return (
    <>
      <Button variant="default" size="compact-sm" loading={testing.isPending} onClick={() => testing.mutate()} aria-label={t('storages.testNamed', { name })}>
        {t('storages.test')}
      </Button>
      <Button variant="subtle" size="compact-sm" loading={verifying.isPending} onClick={() => verifying.mutate()} aria-label={t('storages.verifyNamed', { name })}>
        {t('storages.verify')}
      </Button>
      <Button variant="subtle" size="compact-sm" onClick={onEdit} aria-label={t('storages.editNamed', { name })}>
        {t('common.edit')}
      </Button>
      {storage_id !== PRIMARY && state === 'active' && (
        <Button variant="subtle" color="red" size="compact-sm" onClick={onRetire} aria-label={t('storages.retireNamed', { name })}>
          {t('storages.retire')}
        </Button>
      )}
      {testing.data && <Tested steps={testing.data.steps} />}
      {verifying.isSuccess && (
        <span className={lines.answer} role="status">
          {t('storages.verifying')}
        </span>
      )}
      <Refusal error={testing.error ?? verifying.error} />
    </>
  )
}

function Tested({ steps }: { readonly steps: Awaited<ReturnType<typeof testStorage>>['steps'] }) {
  const { t } = useTranslation()
  const wordsOf = useWordsOfReason()
  const failed = steps.find((step) => step.reason)
  const why = failed?.reason ? (wordsOf(failed.reason) ?? failed.message ?? '') : ''
  return (
    <span className={lines.answer} data-ok={!failed} role="status">
      <Icon name={failed ? 'warning' : 'sealed'} size={16} />
      {failed
        ? `${t('storages.failsAt', { step: t(`storages.steps.${failed.name as 'open'}`) })} ${why}`
        : t('storages.works', { ms: steps.reduce((sum, step) => sum + step.ms, 0) })}
    </span>
  )
}

function Retirement({ storage, onClose }: { readonly storage: Storage; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  return (
    <ConfirmDialog
      title={t('storages.retireTitle', { name: storage.name })}
      means={t('storages.retireMeans')}
      confirm={t('storages.retire')}
      act={async () => {
        await retireStorage(storage.storage_id)
        await queryClient.invalidateQueries({ queryKey: storagesQuery.queryKey })
      }}
      onClose={onClose}
    />
  )
}
