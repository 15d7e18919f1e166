/** Signing in, step by step: password or passkey, the second factor, or setting one up. The server knows where one is. */
import { Skeleton } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { meQuery } from '../../api/session'
import { isNextStep, type NextStep, type SignInState, signInStateQuery } from '../../api/sign-in'
import type { Me } from '../../api/types'
import { Card } from '../../frame/Card'
import { PasswordStep } from './PasswordStep'
import { SecondFactorStep } from './SecondFactorStep'
import { SetUpStep } from './SetUpStep'

const FROM_THE_START: SignInState = { next: 'password', factors: [], display_name: null }

export function SignIn() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data: state, error } = useQuery(signInStateQuery)
  const { idle } = useSearch({ from: '/sign-in' })
  const enter = useEnter()
  // Once somebody sets up a factor she stays there until she has kept her recovery codes, whatever is asked meanwhile.
  const [settingUp, setSettingUp] = useState(false)
  const startOver = () => {
    setSettingUp(false)
    queryClient.setQueryData(signInStateQuery.queryKey, FROM_THE_START)
  }
  const answered = (answer: Me | NextStep) => {
    if (isNextStep(answer)) queryClient.setQueryData(signInStateQuery.queryKey, answer)
    else enter(answer)
  }
  if (state?.next === 'set-up' && !settingUp) setSettingUp(true)
  const next = error ? 'password' : settingUp ? 'set-up' : state?.next
  useEffect(() => {
    if (next === 'none') enter()
    // Only the server's word matters: a browser that is signed in already goes on.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [next])
  if (next === 'password') return <PasswordStep idle={idle === true} onAnswer={answered} />
  if (next === 'second-factor') {
    return <SecondFactorStep factors={state?.factors ?? []} name={state?.display_name ?? ''} onAnswer={answered} onStartOver={startOver} />
  }
  if (next === 'set-up') return <SetUpStep onDone={() => enter()} onStartOver={startOver} />
  return (
    <Card title={t('signIn.title')}>
      <Skeleton height={220} />
    </Card>
  )
}

/** Go to where one was, as whoever the server says. */
function useEnter(): (me?: Me) => void {
  const queryClient = useQueryClient()
  const router = useRouter()
  const { back } = useSearch({ from: '/sign-in' })
  return (me) => {
    queryClient.clear()
    if (me) queryClient.setQueryData(meQuery.queryKey, me)
    router.history.push(back ?? '/')
  }
}
