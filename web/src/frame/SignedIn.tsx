/** Rooms for people who have signed in. */
import { useQuery } from '@tanstack/react-query'
import { Outlet } from '@tanstack/react-router'
import { useEffect } from 'react'

import { meQuery } from '../api/session'
import { applyLanguage } from '../i18n'
import { StudyDialogs } from '../rooms/study-actions/StudyDialogs'
import { TransfersPanel } from '../rooms/transfers/TransfersPanel'
import { IdleWatch } from './IdleWatch'

export function SignedIn() {
  const { data: me } = useQuery(meQuery)
  useEffect(() => {
    if (me?.language) applyLanguage(me.language)
  }, [me?.language])
  // While the answer is on the way the room is built already: its own requests run side by side with this one.
  return (
    <>
      <Outlet />
      <StudyDialogs />
      <TransfersPanel />
      {me?.idle_minutes && <IdleWatch minutes={me.idle_minutes} />}
    </>
  )
}
