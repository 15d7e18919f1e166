/**
 * Signs out when nobody works, and says so a minute before. The server does the same by itself; this tells it while somebody
 * works without asking it anything, and takes patients' data off the screen when the time is over.
 */
import { Button, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api } from '../api/client'
import { idleness, type Idleness, lastTouched, touched, unattended } from '../kit/attendance'
import { Dialog } from './Dialog'

const LOOK_EVERY_MS = 1_000
const TELL_EVERY_MS = 60_000

export function IdleWatch({ minutes }: { readonly minutes: number }) {
  const { t } = useTranslation()
  const now = useIdleness(minutes)
  const leave = useLeave()
  useEffect(() => {
    if (now.state === 'over') void leave()
    // The end comes once.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [now.state])
  useTellThatSomebodyWorks(now.state === 'working')
  if (now.state !== 'warned') return null
  return (
    <Dialog title={t('comingIn.idle.title')} size="sm" onClose={touched}>
      <Stack gap="md">
        <Text size="sm" role="status">
          {t('comingIn.idle.detail', { count: now.leftS })}
        </Text>
        <Button data-autofocus onClick={touched}>
          {t('comingIn.idle.stay')}
        </Button>
      </Stack>
    </Dialog>
  )
}

function useIdleness(minutes: number): Idleness {
  const [now, setNow] = useState<Idleness>({ state: 'working', leftS: minutes * 60 })
  useEffect(() => {
    touched() // a page that was just opened was opened by somebody
    const timer = setInterval(() => {
      const next = idleness(Date.now(), lastTouched(), minutes)
      setNow((before) => (before.state === next.state && next.state !== 'warned' ? before : next))
    }, LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [minutes])
  return now
}

/** Whoever reads one study for an hour asks the server nothing; it must not take her for gone. */
function useTellThatSomebodyWorks(working: boolean): void {
  useEffect(() => {
    if (!working) return
    const timer = setInterval(() => {
      if (!unattended()) void api.GET('/api/me').catch(() => undefined)
    }, TELL_EVERY_MS)
    return () => clearInterval(timer)
  }, [working])
}

function useLeave(): () => Promise<void> {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const path = useRouterState({ select: (state) => state.location.pathname })
  return async () => {
    await api.POST('/api/sign-out').catch(() => undefined)
    queryClient.clear()
    await navigate({ to: '/sign-in', search: { idle: true, ...(path === '/' ? {} : { back: path }) }, replace: true })
  }
}
