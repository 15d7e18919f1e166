/** Signing in with user name and password. */
import { Alert, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api, ApiError, dataOf } from '../../api/client'
import { meQuery } from '../../api/session'
import { Card } from '../../frame/Card'

export function SignIn() {
  const { t } = useTranslation()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useSignIn()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate({ username: username.trim(), password })
  }
  return (
    <Card title={t('signIn.title')}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <TextInput
            label={t('signIn.username')}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- the page has one purpose, and its field comes first
            autoFocus
            required
            withAsterisk={false}
            size="md"
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label={t('signIn.password')}
            autoComplete="current-password"
            required
            withAsterisk={false}
            size="md"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {signIn.error && <Problem error={signIn.error} />}
          <Button type="submit" size="md" fullWidth loading={signIn.isPending} mt="xs">
            {t('signIn.submit')}
          </Button>
          <Text size="sm" c="dimmed" ta="center">
            {t('signIn.noAccount')}
          </Text>
        </Stack>
      </form>
    </Card>
  )
}

function useSignIn() {
  const queryClient = useQueryClient()
  const router = useRouter()
  const { back } = useSearch({ from: '/sign-in' })
  return useMutation({
    mutationFn: async (body: { username: string; password: string }) => dataOf(await api.POST('/api/sign-in', { body })),
    onSuccess: (me) => {
      queryClient.clear()
      queryClient.setQueryData(meQuery.queryKey, me)
      router.history.push(back ?? '/')
    },
  })
}

function Problem({ error }: { readonly error: Error }) {
  const { t } = useTranslation()
  const status = error instanceof ApiError ? error.status : 0
  const words =
    status === 401
      ? t('signIn.wrong')
      : status === 429
        ? t('signIn.tooMany')
        : error instanceof ApiError
          ? t('common.somethingWrongDetail', { reason: error.reason })
          : t('signIn.unreachable')
  return (
    <Alert color="red" variant="light" role="alert" p="sm">
      {words}
    </Alert>
  )
}
