/** The picture that an authenticator app scans, and the first code from it. */
import { Button, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { beginApp, finishApp } from '../../api/sign-in'
import { Problem } from './Problem'
import classes from './SecondFactors.module.css'

interface AppSetUpProps {
  /** Asks for the password again where the server wants it. */
  readonly confirmed?: <T>(act: () => Promise<T>) => Promise<T>
  /** The recovery codes, empty when there are unused ones. */
  readonly onDone: (codes: readonly string[]) => void
}

export function AppSetUp({ confirmed = (act) => act(), onDone }: AppSetUpProps) {
  const { t } = useTranslation()
  const [code, setCode] = useState('')
  // A seed is made once for each time this is opened, and never shown again.
  const seed = useQuery({ queryKey: ['new-app'], queryFn: () => confirmed(beginApp), staleTime: Infinity, gcTime: 0, retry: false })
  const finishing = useMutation({ mutationFn: finishApp, onSuccess: onDone })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    finishing.mutate(code)
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm">{t('comingIn.app.scan')}</Text>
        {seed.data ? <img className={classes.qr} src={seed.data.qr} alt={t('comingIn.app.picture')} /> : <Skeleton className={classes.qr} />}
        <Text size="sm" c="dimmed">
          {t('comingIn.app.secret')} <span className={classes.secret}>{seed.data?.secret}</span>
        </Text>
        <CodeField label={t('comingIn.app.code')} value={code} onChange={setCode} />
        <Problem error={seed.error ?? finishing.error} />
        <Button type="submit" loading={finishing.isPending} disabled={code.trim() === '' || !seed.data}>
          {t('comingIn.app.confirm')}
        </Button>
      </Stack>
    </form>
  )
}

interface CodeFieldProps {
  readonly label: string
  readonly description?: string
  readonly value: string
  readonly onChange: (code: string) => void
  readonly size?: 'sm' | 'md'
}

export function CodeField({ value, onChange, ...rest }: CodeFieldProps) {
  return (
    <TextInput
      {...rest}
      autoComplete="one-time-code"
      inputMode="text"
      autoCapitalize="none"
      spellCheck={false}
      maxLength={40}
      data-autofocus
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
