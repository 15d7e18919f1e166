/** One storage: where it is, what it is for, and what it promises. */
import { Checkbox, NativeSelect, SimpleGrid, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { addStorage, changeStorage, type Storage, storagesQuery } from '../../../api/storages'
import { FormDialog } from '../../../frame/FormDialog'
import { useFields } from '../../../kit/use-fields'

const ROLES = ['hot', 'warm', 'cold', 'second-site'] as const
const GB = 1_000_000_000
const NUMBER = /^\d{0,7}$/

interface StorageFormProps {
  readonly storage: Storage | undefined
  readonly onClose: () => void
}

export function StorageForm({ storage, onClose }: StorageFormProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const isPrimary = storage?.url === null
  const { fields, text, flag } = useFields({
    name: storage?.name ?? '',
    url: storage?.url ?? '',
    role: storage?.role ?? 'cold',
    credentials: storage?.credentials ?? '',
    retain: String(storage?.retain_days ?? 0),
    most: storage?.max_bytes ? String(Math.round(storage.max_bytes / GB)) : '',
    takes_records: storage?.takes_records ?? false,
  })
  const saving = useMutation({
    mutationFn: () => {
      const max_bytes = fields.most ? Number(fields.most) * GB : null
      if (storage && isPrimary) return changeStorage(storage.storage_id, { max_bytes })
      const role = ROLES.find((each) => each === fields.role) ?? 'cold'
      const { takes_records } = fields
      const body = { name: fields.name.trim(), role, credentials: fields.credentials.trim(), retain_days: Number(fields.retain), max_bytes, takes_records }
      return storage ? changeStorage(storage.storage_id, body) : addStorage({ ...body, url: fields.url.trim() })
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: storagesQuery.queryKey })
      onClose()
    },
  })
  const ready = Boolean(fields.name.trim() && (storage ?? fields.url.trim())) && NUMBER.test(fields.most) && /^\d{1,5}$/.test(fields.retain)
  const title = storage ? t('storages.editTitle', { name: storage.name }) : t('storages.addTitle')
  const most = (
    <TextInput label={t('storages.maxBytes')} description={t('storages.maxBytesHint')} inputMode="numeric" maxLength={7} {...text('most')} />
  )
  return (
    <FormDialog title={title} ready={ready} saving={saving} onSubmit={() => saving.mutate()} onClose={onClose}>
      {isPrimary ? (
        most
      ) : (
        <>
          <TextInput label={t('storages.name')} maxLength={64} autoComplete="off" data-autofocus {...text('name')} />
          {!storage && (
            <TextInput label={t('storages.url')} description={t('storages.urlHint')} maxLength={2000} autoComplete="off" spellCheck={false} {...text('url')} />
          )}
          <NativeSelect label={t('storages.role')} data={ROLES.map((value) => ({ value, label: t(`storages.roles.${value}`) }))} {...text('role')} />
          <TextInput
            label={t('storages.credentials')}
            description={t('storages.credentialsHint')}
            maxLength={63}
            autoComplete="off"
            spellCheck={false}
            {...text('credentials')}
          />
          <SimpleGrid cols={2} spacing="sm">
            <TextInput
              label={t('storages.retainDays')}
              description={t('storages.retainDaysHint')}
              inputMode="numeric"
              maxLength={5}
              {...text('retain')}
            />
            {most}
          </SimpleGrid>
          <Checkbox label={t('storages.takesRecords')} description={t('storages.takesRecordsHint')} {...flag('takes_records')} />
        </>
      )}
    </FormDialog>
  )
}
