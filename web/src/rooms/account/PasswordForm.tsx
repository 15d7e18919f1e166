import { Alert, Button, Group, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api, ApiError, dataOf } from '../../api/client'
import type { Me } from '../../api/types'
import { useWordsOfReason } from '../../frame/Refusal'
import { StrengthHint } from '../../frame/StrengthHint'
import { passwordStrength } from '../../kit/password-strength'

const EMPTY = { current: '', next: '', again: '' }

export function PasswordForm({ me }: { readonly me: Me }) {
  const { t } = useTranslation()
  const [fields, setFields] = useState(EMPTY)
  const change = useMutation({
    mutationFn: async (body: { current: string; new: string }) => dataOf(await api.POST('/api/me/password', { body })),
    onSuccess: () => setFields(EMPTY),
  })
  const differ = fields.again !== '' && fields.again !== fields.next
  const ready = fields.current !== '' && fields.next === fields.again && passwordStrength(fields.next) !== 'tooShort'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) change.mutate({ current: fields.current, new: fields.next })
  }
  const field = (name: keyof typeof EMPTY, label: string, autoComplete: string, error?: string) => (
    <PasswordInput
      label={label}
      autoComplete={autoComplete}
      value={fields[name]}
      error={error}
      onChange={(event) => {
        const { value } = event.currentTarget
        setFields((now) => ({ ...now, [name]: value }))
      }}
    />
  )
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <input type="text" name="username" autoComplete="username" value={me.username} readOnly hidden />
        {field('current', t('account.current'), 'current-password')}
        <div>
          {field('next', t('account.next'), 'new-password')}
          <StrengthHint password={fields.next} own={[me.username, me.display_name]} />
        </div>
        {field('again', t('account.again'), 'new-password', differ ? t('enrolment.passwordsDiffer') : undefined)}
        {change.error && <Refusal error={change.error} />}
        <Group>
          <Button type="submit" disabled={!ready} loading={change.isPending}>
            {t('account.change')}
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {change.isSuccess && t('account.changed')}
          </Text>
        </Group>
      </Stack>
    </form>
  )
}

function Refusal({ error }: { readonly error: Error }) {
  const { t } = useTranslation()
  const wrong = error instanceof ApiError && (error.status === 401 || error.status === 403)
  const wordsOf = useWordsOfReason()
  const reason = error instanceof ApiError ? error.reason : '–'
  return (
    <Alert color="red" variant="light" role="alert" p="sm">
      {wrong ? t('account.wrong') : (wordsOf(reason) ?? t('account.failed', { reason }))}
    </Alert>
  )
}
