/** Inviting a person: the roles first, then perhaps a name; the answer is a one-time link. */
import { NativeSelect, SimpleGrid, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { departmentsQuery } from '../../../api/institutions'
import { invitationsQuery, invite } from '../../../api/people'
import { FormDialog } from '../../../frame/FormDialog'
import { OneTimeLink } from '../../../frame/OneTimeLink'
import { useFields } from '../../../kit/use-fields'
import { RolesField } from './RolesField'

export function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const departments = useQuery(departmentsQuery()).data ?? []
  const [roles, setRoles] = useState<readonly string[]>([])
  const { fields, text } = useFields({ name: '', username: '', department: '' })
  const inviting = useMutation({
    mutationFn: () =>
      invite({
        roles: [...roles],
        username: fields.username.trim() || null,
        display_name: fields.name.trim(),
        department_id: fields.department ? Number(fields.department) : null,
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: invitationsQuery.queryKey }),
  })
  if (inviting.data) {
    return <OneTimeLink {...inviting.data} title={t('manage.people.linkTitle')} means={t('manage.people.linkMeans')} onClose={onClose} />
  }
  return (
    <FormDialog
      title={t('manage.people.inviteTitle')}
      size="lg"
      confirm={t('manage.people.send')}
      ready={roles.length > 0}
      saving={inviting}
      onSubmit={() => inviting.mutate()}
      onClose={onClose}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput label={t('manage.people.name')} description={t('manage.people.nameHint')} maxLength={100} autoComplete="off" data-autofocus {...text('name')} />
        <TextInput
          label={t('manage.people.username')}
          description={t('manage.people.usernameHint')}
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          {...text('username')}
        />
      </SimpleGrid>
      {departments.length > 0 && (
        <NativeSelect
          label={t('manage.people.department')}
          data={[
            { value: '', label: t('manage.people.noDepartment') },
            ...departments.map((each) => ({ value: String(each.department_id), label: each.name })),
          ]}
          {...text('department')}
        />
      )}
      <RolesField chosen={roles} onChange={setRoles} />
    </FormDialog>
  )
}
