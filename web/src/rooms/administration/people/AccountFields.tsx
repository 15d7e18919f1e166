/** What an administrator may change of an account. */
import { Button, Group, NativeSelect, SimpleGrid, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { useTranslation } from 'react-i18next'

import { departmentsQuery } from '../../../api/institutions'
import { changePerson, type Person } from '../../../api/people'
import { Refusal } from '../../../frame/Refusal'
import { LANGUAGES } from '../../../i18n'
import { useFields } from '../../../kit/use-fields'

export function AccountFields({ person }: { readonly person: Person }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const departments = useQuery(departmentsQuery()).data ?? []
  const { fields, text } = useFields({
    name: person.display_name,
    username: person.username,
    language: person.language,
    department: person.department_id === null ? '' : String(person.department_id),
  })
  const saving = useMutation({
    mutationFn: () =>
      changePerson(person.user_id, {
        display_name: fields.name.trim(),
        username: fields.username.trim(),
        language: fields.language,
        department_id: fields.department ? Number(fields.department) : null,
      }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['people'] }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  return (
    <form onSubmit={submit}>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md">
        <TextInput label={t('manage.people.name')} maxLength={100} autoComplete="off" {...text('name')} />
        <TextInput label={t('manage.people.username')} maxLength={64} autoComplete="off" spellCheck={false} {...text('username')} />
        <NativeSelect
          label={t('manage.people.department')}
          data={[
            { value: '', label: t('manage.people.noDepartment') },
            ...departments.map((each) => ({ value: String(each.department_id), label: each.name })),
          ]}
          {...text('department')}
        />
        <NativeSelect
          label={t('manage.people.language')}
          data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
          {...text('language')}
        />
      </SimpleGrid>
      <Refusal error={saving.error} />
      <Group mt="md">
        <Button type="submit" disabled={!fields.name.trim() || !fields.username.trim()} loading={saving.isPending}>
          {t('common.save')}
        </Button>
        <Text size="sm" c="dimmed" role="status">
          {saving.isSuccess && t('manage.people.saved')}
        </Text>
      </Group>
    </form>
  )
}
