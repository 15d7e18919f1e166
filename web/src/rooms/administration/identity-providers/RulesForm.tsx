/** Which accounts and roles come of a provider, for who manages people. */
import { Alert, Checkbox, MultiSelect, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { type IdentityProvider, PROVIDERS, setAccountRules } from '../../../api/identities'
import { FormDialog } from '../../../frame/FormDialog'
import { ROLES_OF_STAFF, useRoleName } from '../../../frame/role-names'
import { useFields } from '../../../kit/use-fields'
import { linesOf, mappingOf } from './mapping'

/** Who administers the region is never made by a provider's word. */
const ROLES = ROLES_OF_STAFF.flatMap((group): readonly string[] => group.roles).filter((role) => role !== 'region-administrator')

export function RulesForm({ provider, onClose }: { readonly provider: IdentityProvider; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const nameOf = useRoleName()
  const rules = provider.account_rules
  const { fields, set, text, flag } = useFields({
    username_claim: rules.username_claim ?? '',
    name_claim: rules.name_claim ?? '',
    role_claim: rules.role_claim ?? '',
    lines: linesOf(rules.roles_by_value ?? {}),
    default_roles: rules.default_roles ?? [],
    creates_accounts: rules.creates_accounts ?? false,
    matches_accounts: rules.matches_accounts ?? false,
  })
  const read = mappingOf(fields.lines)
  const saving = useMutation({
    mutationFn: () => {
      const { lines: _, ...said } = fields
      return setAccountRules(provider.provider_id, { ...said, roles_by_value: 'mapping' in read ? read.mapping : {} })
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: PROVIDERS })
      onClose()
    },
  })
  return (
    <FormDialog
      title={t('identities.providers.rulesOf', { name: provider.name })}
      saving={saving}
      ready={'mapping' in read && fields.username_claim.trim() !== '' && fields.name_claim.trim() !== ''}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <Checkbox label={t('identities.providers.creates')} data-autofocus {...flag('creates_accounts')} />
      <Checkbox label={t('identities.providers.matches')} {...flag('matches_accounts')} />
      {fields.matches_accounts && (
        <Alert color="yellow" variant="light" p="sm">
          {t('identities.providers.matchesWarning')}
        </Alert>
      )}
      <TextInput label={t('identities.providers.usernameClaim')} spellCheck={false} maxLength={255} {...text('username_claim')} />
      <TextInput label={t('identities.providers.nameClaim')} spellCheck={false} maxLength={255} {...text('name_claim')} />
      <TextInput
        label={t('identities.providers.roleClaim')}
        description={t('identities.providers.roleClaimHint')}
        spellCheck={false}
        maxLength={255}
        {...text('role_claim')}
      />
      <Textarea
        label={t('identities.providers.mapping')}
        description={t('identities.providers.mappingHint')}
        error={'wrong' in read ? t('identities.providers.mappingWrong', { line: read.wrong }) : undefined}
        spellCheck={false}
        autosize
        minRows={3}
        maxRows={8}
        {...text('lines')}
      />
      <MultiSelect
        label={t('identities.providers.defaults')}
        data={ROLES.map((role) => ({ value: role, label: nameOf(role) }))}
        value={fields.default_roles}
        onChange={(default_roles) => set({ default_roles })}
      />
    </FormDialog>
  )
}
