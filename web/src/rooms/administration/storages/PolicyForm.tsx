/** One placement policy: what it fits, and where copies then belong. */
import { Checkbox, SimpleGrid, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { addPolicy, changePolicy, policiesQuery, type Policy, type Storage } from '../../../api/storages'
import { FormDialog } from '../../../frame/FormDialog'
import { useFields } from '../../../kit/use-fields'

const MB = 1_000_000
const NUMBER = /^\d{0,6}$/

interface PolicyFormProps {
  readonly policy: Policy | undefined
  readonly storages: readonly Storage[]
  readonly onClose: () => void
}

const typed = (value: number | null | undefined) => (value === null || value === undefined ? '' : String(value))
const numbered = (value: string) => (value === '' ? null : Number(value))

export function PolicyForm({ policy, storages, onClose }: PolicyFormProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { fields, set, text, flag } = useFields({
    name: policy?.name ?? '',
    modality: policy?.modality ?? '',
    size: typed(policy?.min_bytes ? Math.round(policy.min_bytes / MB) : null),
    older: typed(policy?.older_than_days),
    unused: typed(policy?.unused_for_days),
    institution: typed(policy?.of_institution_id),
    rank: typed(policy?.rank),
    active: policy?.active ?? true,
    chosen: policy?.storage_ids ?? [],
  })
  const saving = useMutation({
    mutationFn: () => {
      const body = {
        name: fields.name.trim(),
        modality: fields.modality.trim() || null,
        min_bytes: fields.size ? Number(fields.size) * MB : null,
        older_than_days: numbered(fields.older),
        unused_for_days: numbered(fields.unused),
        of_institution_id: numbered(fields.institution),
        ...(fields.rank ? { rank: Number(fields.rank) } : {}),
        active: fields.active,
        storage_ids: fields.chosen,
      }
      return policy ? changePolicy(policy.policy_id, body) : addPolicy(body)
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: policiesQuery.queryKey })
      onClose()
    },
  })
  const numbers = [fields.size, fields.older, fields.unused, fields.institution, fields.rank]
  const ready = Boolean(fields.name.trim()) && fields.chosen.length > 0 && numbers.every((each) => NUMBER.test(each))
  const number = (key: 'size' | 'older' | 'unused' | 'institution' | 'rank', label: string, description?: string) => (
    <TextInput label={label} description={description} inputMode="numeric" maxLength={6} autoComplete="off" {...text(key)} />
  )
  return (
    <FormDialog
      title={policy ? t('storages.editPolicyTitle') : t('storages.addPolicyTitle')}
      ready={ready}
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <TextInput label={t('storages.name')} maxLength={100} autoComplete="off" data-autofocus {...text('name')} />
      <Text size="sm">{t('storages.emptyAsksNothing')}</Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        {number('unused', t('storages.unusedFor'))}
        {number('older', t('storages.olderThan'))}
        {number('size', t('storages.minBytes'))}
        <TextInput label={t('storages.modality')} maxLength={16} autoComplete="off" {...text('modality')} />
        {number('institution', t('storages.institution'), t('storages.everyInstitution'))}
        {number('rank', t('storages.rank'), t('storages.rankHint'))}
      </SimpleGrid>
      <Checkbox.Group
        label={t('storages.chooseStorages')}
        value={fields.chosen.map(String)}
        onChange={(chosen: string[]) => set({ chosen: chosen.map(Number) })}
      >
        {storages
          .filter((storage) => storage.state === 'active')
          .map((storage) => (
            <Checkbox key={storage.storage_id} mt="xs" value={String(storage.storage_id)} label={storage.name} />
          ))}
      </Checkbox.Group>
      <Checkbox label={t('storages.active')} {...flag('active')} />
    </FormDialog>
  )
}
