import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { connection } from '../api/connection'
import { Icon } from '../brand/Icon'
import { useStore } from '../kit/store'
import classes from './ConnectionBanner.module.css'

/** Says that the server is away while it is, and for a moment that it is back. */
export function ConnectionBanner() {
  const { t } = useTranslation()
  const now = useStore(connection)
  const justBack = useJustBack(now === 'lost')
  if (now === 'here' && !justBack) return <div role="status" aria-live="assertive" />
  return (
    <div role="status" aria-live="assertive" className={classes.place}>
      <div className={classes.banner} data-lost={now === 'lost'} data-testid="connection-banner">
        {now === 'lost' ? <Icon name="warning" size={18} /> : <Icon name="sealed" size={18} />}
        <strong>{now === 'lost' ? t('connection.lost') : t('connection.back')}</strong>
        {now === 'lost' && <span>{t('connection.lostDetail')}</span>}
      </div>
    </div>
  )
}

function useJustBack(lost: boolean): boolean {
  const [wasLost, setWasLost] = useState(false)
  useEffect(() => {
    if (lost) {
      // oxlint-disable-next-line react/set-state-in-effect -- remembers the outside world, which has changed
      setWasLost(true)
      return undefined
    }
    const timer = setTimeout(() => setWasLost(false), 2500)
    return () => clearTimeout(timer)
  }, [lost])
  return wasLost && !lost
}
