/** User name and password, or a passkey alone. */
import { Alert, Button, Divider, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { ApiError } from '../../api/client'
import { type NextStep, signIn, signInWithPasskey } from '../../api/sign-in'
import type { Me } from '../../api/types'
import { Icon } from '../../brand/Icon'
import { Card } from '../../frame/Card'
import { passkeysHere } from '../../kit/webauthn'
import { Problem } from '../second-factors/Problem'
import { ProviderProblem, Providers } from './Providers'

interface PasswordStepProps {
  /** Signed out because nobody was there. */
  readonly idle: boolean
  readonly onAnswer: (answer: Me | NextStep) => void
}

export function PasswordStep({ idle, onAnswer }: PasswordStepProps) {
  const { t } = useTranslation()
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const signingIn = useMutation({ mutationFn: () => signIn(username.trim(), password), onSuccess: onAnswer })
  const showing = useMutation({ mutationFn: signInWithPasskey, onSuccess: onAnswer })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signingIn.mutate()
  }
  return (
    <Card title={t('signIn.title')}>
      <form onSubmit={submit}>
        <Stack gap="md">
          {idle && (
            <Text size="sm" c="dimmed" role="status">
              {t('comingIn.steps.idle')}
            </Text>
          )}
          <ProviderProblem />
          <TextInput
            label={t('signIn.username')}
            autoComplete="username webauthn"
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
          {signingIn.error && <WrongPassword error={signingIn.error} />}
          <Button type="submit" size="md" fullWidth loading={signingIn.isPending} mt="xs">
            {t('signIn.submit')}
          </Button>
          {passkeysHere() === 'possible' && (
            <>
              <Divider label={t('comingIn.steps.or')} />
              <Button variant="default" size="md" leftSection={<Icon name="key" size={18} />} loading={showing.isPending} onClick={() => showing.mutate()}>
                {t('comingIn.steps.withPasskey')}
              </Button>
              <Problem error={showing.error} />
            </>
          )}
          <Providers />
          <Text size="sm" c="dimmed" ta="center">
            {t('signIn.noAccount')}
          </Text>
        </Stack>
      </form>
    </Card>
  )
}

function WrongPassword({ error }: { readonly error: Error }) {
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
