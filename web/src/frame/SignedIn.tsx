/** Rooms for people who have signed in. */
import { useQuery } from '@tanstack/react-query'
import { Navigate, Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'

import { meQuery } from '../api/session'
import { applyLanguage } from '../i18n'
import { AccessAlarm } from '../rooms/restriction/AccessAlarm'
import { StudyDialogs } from '../rooms/study-actions/StudyDialogs'
import { TransfersPanel } from '../rooms/transfers/TransfersPanel'
import { IdleWatch } from './IdleWatch'

export function SignedIn() {
  const { data: me } = useQuery(meQuery)
  useEffect(() => {
    if (me?.language) applyLanguage(me.language)
  }, [me?.language])
  const path = useRouterState({ select: (state) => state.location.pathname })
  // Who reads no studies (a security officer, an auditor) has nothing to look for in their list.
  if (me && path === '/' && !me.rights.includes('read')) return <Navigate to="/administration" replace />
  // While the answer is on the way the room is built already: its own requests run side by side with this one.
  return (
    <>
      <AccessAlarm />
      <Outlet />
      <StudyDialogs />
      <TransfersPanel />
      {me?.idle_minutes && <IdleWatch minutes={me.idle_minutes} />}
    </>
  )
}
