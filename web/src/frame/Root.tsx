/** Around every room: the word about the connection, and the way back to sign-in. */
import { Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

import { signedOut } from '../api/client'
import { useStore } from '../kit/store'
import { queryClient } from '../query-client'
import { ConnectionBanner } from './ConnectionBanner'

const OPEN_TO_ALL = ['/sign-in', '/enrol', '/reset', '/about']

export function Root() {
  const { t } = useTranslation()
  useSignInWhenAsked()
  return (
    <>
      <a href="#content" className="skip-link">
        {t('common.skipToContent')}
      </a>
      <ConnectionBanner />
      <Outlet />
    </>
  )
}

/** The server said 401: go and sign in, then come back to the same place. */
function useSignInWhenAsked(): void {
  const asked = useStore(signedOut)
  const navigate = useNavigate()
  const path = useRouterState({ select: (state) => state.location.pathname })
  useEffect(() => {
    if (asked === 0 || OPEN_TO_ALL.some((open) => path.startsWith(open))) return
    queryClient.removeQueries({ queryKey: ['me'] })
    void navigate({ to: '/sign-in', search: path === '/' ? {} : { back: path }, replace: true })
    // Only a new 401 matters; the path is where it happened.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [asked])
}
