/** The password was right; now the second factor, the strongest first. */
import { Button, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type CodeFactor, type NextStep, signInWithCode, signInWithPasskey, startOver } from '../../api/sign-in'
import type { Me } from '../../api/types'
import { Card } from '../../frame/Card'
import { CodeField } from '../second-factors/AppSetUp'
import { Problem } from '../second-factors/Problem'

interface SecondFactorStepProps {
  readonly factors: readonly string[]
  readonly name: string
  readonly onAnswer: (answer: Me | NextStep) => void
  readonly onStartOver: () => void
}

export function SecondFactorStep({ factors, name, onAnswer, onStartOver }: SecondFactorStepProps) {
  const { t } = useTranslation()
  const showing = useMutation({ mutationFn: signInWithPasskey, onSuccess: onAnswer })
  const leaving = useMutation({ mutationFn: startOver, onSuccess: onStartOver })
  return (
    <Card title={t('comingIn.steps.secondTitle')} intro={t('comingIn.steps.hello', { name })}>
      <Stack gap="md">
        {factors.includes('passkey') && (
          <Button size="md" loading={showing.isPending} onClick={() => showing.mutate()}>
            {t('comingIn.steps.passkey')}
          </Button>
        )}
        <Problem error={showing.error} />
        <CodeForm factors={factors} onAnswer={onAnswer} />
        <Text size="sm" c="dimmed" ta="center">
          {factors.length > 0 ? t('comingIn.steps.lost') : t('comingIn.steps.noneHere')}
        </Text>
        <Button variant="subtle" color="gray" loading={leaving.isPending} onClick={() => leaving.mutate()}>
          {t('comingIn.steps.startOver')}
        </Button>
      </Stack>
    </Card>
  )
}

function CodeForm({ factors, onAnswer }: Pick<SecondFactorStepProps, 'factors' | 'onAnswer'>) {
  const { t } = useTranslation()
  const app = factors.includes('authenticator-app')
  const recovery = factors.includes('recovery-code')
  const [factor, setFactor] = useState<CodeFactor | undefined>(app ? 'authenticator-app' : undefined)
  const [code, setCode] = useState('')
  const showing = useMutation({ mutationFn: (kind: CodeFactor) => signInWithCode(kind, code), onSuccess: onAnswer })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (factor) showing.mutate(factor)
  }
  const turnTo = (other: CodeFactor) => {
    setFactor(other)
    setCode('')
    showing.reset()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        {factor === 'authenticator-app' && (
          <CodeField size="md" label={t('comingIn.steps.appCode')} description={t('comingIn.steps.appCodeHint')} value={code} onChange={setCode} />
        )}
        {factor === 'recovery-code' && (
          <CodeField size="md" label={t('comingIn.steps.recoveryCode')} description={t('comingIn.steps.recoveryCodeHint')} value={code} onChange={setCode} />
        )}
        <Problem error={showing.error} />
        {factor && (
          <Button type="submit" size="md" variant={factors.includes('passkey') ? 'default' : 'filled'} disabled={code.trim() === ''} loading={showing.isPending}>
            {t('comingIn.steps.finish')}
          </Button>
        )}
        {recovery && factor !== 'recovery-code' && (
          <Button variant="subtle" onClick={() => turnTo('recovery-code')}>
            {t('comingIn.steps.useRecovery')}
          </Button>
        )}
        {app && factor === 'recovery-code' && (
          <Button variant="subtle" onClick={() => turnTo('authenticator-app')}>
            {t('comingIn.steps.useApp')}
          </Button>
        )}
      </Stack>
    </form>
  )
}
