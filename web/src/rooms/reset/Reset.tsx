/** The one-time link of somebody who could not sign in any more: she chooses a new password. */
import { Button, PasswordInput, Skeleton, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api, dataOf } from '../../api/client'
import { meQuery } from '../../api/session'
import { isNextStep, signInStateQuery } from '../../api/sign-in'
import type { components } from '../../api/schema'
import { Card } from '../../frame/Card'
import { Refusal } from '../../frame/Refusal'
import { StrengthHint } from '../../frame/StrengthHint'
import { UnknownLink } from '../../frame/UnknownLink'

type Reset = components['schemas']['Reset']

export function Reset() {
  const { t } = useTranslation()
  const { token } = useParams({ from: '/reset/$token' })
  const { data, error } = useQuery({
    queryKey: ['reset', token],
    queryFn: async () => dataOf(await api.GET('/api/resets/{token}', { params: { path: { token } } })),
    staleTime: Infinity,
    retry: false,
  })
  if (error) return <UnknownLink />
  if (!data) {
    return (
      <Card title={t('common.loading')}>
        <Skeleton height={160} />
      </Card>
    )
  }
  return (
    <Card title={t('comingIn.reset.title')} intro={t('comingIn.reset.intro', { username: data.username, institution: data.institution_name })}>
      <NewPassword token={token} reset={data} />
    </Card>
  )
}

function NewPassword({ token, reset }: { readonly token: string; readonly reset: Reset }) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const setting = useSetPassword(token)
  const ready = password.length >= reset.min_password_length && password === again
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) setting.mutate(password)
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <input type="text" name="username" autoComplete="username" value={reset.username} readOnly hidden />
        <div>
          <PasswordInput label={t('enrolment.password')} autoComplete="new-password" size="md" value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
          <StrengthHint password={password} own={[reset.username]} />
        </div>
        <PasswordInput
          label={t('enrolment.passwordAgain')}
          autoComplete="new-password"
          size="md"
          value={again}
          error={again !== '' && again !== password ? t('enrolment.passwordsDiffer') : undefined}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        {reset.forget_factors && (
          <Text size="sm" c="dimmed">
            {t('comingIn.reset.forgets')}
          </Text>
        )}
        <Refusal error={setting.error} />
        <Button type="submit" size="md" disabled={!ready} loading={setting.isPending}>
          {t('comingIn.reset.submit')}
        </Button>
      </Stack>
    </form>
  )
}

function useSetPassword(token: string) {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return useMutation({
    mutationFn: async (password: string) => dataOf(await api.POST('/api/resets/{token}', { params: { path: { token } }, body: { password } })),
    onSuccess: (answer) => {
      queryClient.clear()
      if (!isNextStep(answer)) queryClient.setQueryData(meQuery.queryKey, answer)
      else queryClient.setQueryData(signInStateQuery.queryKey, answer)
      void navigate({ to: isNextStep(answer) ? '/sign-in' : '/', replace: true })
    },
  })
}
