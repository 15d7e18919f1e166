/** A new rule: with whom, for what, and how much of it. */
import { MultiSelect, NumberInput, Select, TagsInput, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { alliesQuery, giveRule } from '../../api/sharing'
import { FormDialog } from '../../frame/FormDialog'
import { useRoleName } from '../../frame/role-names'
import { useFields } from '../../kit/use-fields'
import { MODALITIES } from '../study-list/search'

interface RuleFields {
  ally: string | null
  roles: string[]
  purpose: string
  modalities: string[]
  since: string
  lastDays: string | number
  until: string
}

const USUAL: RuleFields = {
  ally: null,
  roles: ['radiologist', 'senior-radiologist'],
  purpose: 'treatment',
  modalities: [],
  since: '',
  lastDays: '',
  until: '',
}

export function SharingRuleForm({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const queryClient = useQueryClient()
  const { data } = useQuery(alliesQuery)
  const { fields, set, text } = useFields<RuleFields>(USUAL)
  const saving = useMutation({
    mutationFn: () =>
      giveRule({
        ally_institution_id: Number(fields.ally),
        roles: fields.roles,
        purpose: fields.purpose,
        modalities: fields.modalities,
        first_study_date: fields.since.replaceAll('-', ''),
        last_days: fields.lastDays === '' ? null : Number(fields.lastDays),
        until: fields.until === '' ? null : new Date(`${fields.until}T23:59:59`).toISOString(),
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['sharing-rules'] })
      onClose()
    },
  })
  const allies = data?.allies ?? []
  return (
    <FormDialog
      title={t('sharing.rules.add')}
      ready={fields.ally !== null && fields.roles.length > 0}
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      {data && allies.length === 0 && <Text size="sm">{t('sharing.rules.noAllies')}</Text>}
      <Select
        label={t('sharing.rules.with')}
        data={allies.map((each) => ({ value: String(each.institution_id), label: each.name }))}
        value={fields.ally}
        onChange={(ally) => set({ ally })}
        data-autofocus
      />
      <MultiSelect
        label={t('sharing.rules.who')}
        data={(data?.shared_with ?? fields.roles).map((role) => ({ value: role, label: roleName(role) }))}
        value={fields.roles}
        onChange={(roles) => set({ roles })}
      />
      <Select
        label={t('sharing.rules.purpose')}
        data={(data?.purposes ?? [fields.purpose]).map((word) => ({ value: word, label: t(`sharing.rules.purposes.${word as 'treatment'}`) }))}
        value={fields.purpose}
        allowDeselect={false}
        onChange={(purpose) => set({ purpose: purpose ?? 'treatment' })}
      />
      <TagsInput
        label={t('sharing.rules.modalities')}
        description={t('sharing.rules.modalitiesHint')}
        data={[...MODALITIES]}
        value={fields.modalities}
        onChange={(words) => set({ modalities: words.map((word) => word.toUpperCase()) })}
      />
      <TextInput type="date" label={t('sharing.rules.since')} {...text('since')} />
      <NumberInput label={t('sharing.rules.lastDays')} min={1} max={36500} value={fields.lastDays} onChange={(lastDays) => set({ lastDays })} />
      <TextInput type="date" label={t('sharing.rules.until')} {...text('until')} />
    </FormDialog>
  )
}
