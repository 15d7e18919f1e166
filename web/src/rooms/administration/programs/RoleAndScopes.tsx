/** What a program is, and which of the rights of that role it may use. */
import { Checkbox, NativeSelect, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { programRolesQuery } from '../../../api/identities'
import { useRoleName } from '../../../frame/role-names'
import { useScopeWords } from './words'

interface RoleAndScopesProps {
  readonly role: string
  readonly scopes: readonly string[]
  /** A role that is given stays. */
  readonly roleFixed?: boolean
  readonly onChange: (change: { readonly role: string; readonly scopes: string[] }) => void
}

export function RoleAndScopes({ role, scopes, roleFixed = false, onChange }: RoleAndScopesProps) {
  const { t } = useTranslation()
  const nameOf = useRoleName()
  const wordsOf = useScopeWords()
  const { data: roles = [] } = useQuery(programRolesQuery)
  const offered = roles.find((each) => each.role === role)?.scopes ?? scopes
  return (
    <Stack gap="md">
      <NativeSelect
        label={t('identities.programs.role')}
        value={role}
        disabled={roleFixed}
        data={roles.length > 0 ? roles.map((each) => ({ value: each.role, label: nameOf(each.role) })) : [{ value: role, label: nameOf(role) }]}
        onChange={(event) => onChange({ role: event.currentTarget.value, scopes: [] })}
      />
      <Checkbox.Group label={t('identities.programs.only')} value={[...scopes]} onChange={(next) => onChange({ role, scopes: next })}>
        <Stack gap="xs" mt="xs">
          {offered.map((each) => (
            <Checkbox key={each} value={each} label={wordsOf([each])} />
          ))}
        </Stack>
      </Checkbox.Group>
    </Stack>
  )
}
