/** Says in the bar at the top, where it moves no picture when it comes, that the display has not been tested in time; on a desk, since a phone is not what one reads on. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { displayChecksQuery, workstationName } from '../../api/display-checks'
import { Icon } from '../../brand/Icon'
import { readableMoment } from '../../kit/dates'
import classes from './DisplayReminder.module.css'

/** "Later" lasts until the next day, on this workstation. */
const KEY = 'isocenter.display-reminder'
const today = () => new Date().toISOString().slice(0, 10)

export function DisplayReminder() {
  const { t } = useTranslation()
  const [workstation] = useState(workstationName)
  const [later, setLater] = useState(() => localStorage.getItem(KEY) === today())
  const { data } = useQuery({ ...displayChecksQuery(workstation), enabled: !later })
  if (later || !data?.due) return null
  const last = data.checks.find((check) => check.workstation === workstation)
  const date = last ? readableMoment(last.checked_at) : ''
  const state = last ? (last.passed ? 'reminderDue' : 'reminderFailed') : 'reminderNever'
  const words = t(`display.${state}`, { date, days: data.due_after_days })
  const postpone = () => {
    localStorage.setItem(KEY, today())
    setLater(true)
  }
  return (
    <aside className={classes.note} aria-label={t('display.title')} data-testid="display-reminder">
      <Icon name="warning" size={18} />
      <span title={words}>{words}</span>
      <Link to="/display-check">{t('display.check')}</Link>
      <Button size="compact-xs" variant="subtle" onClick={postpone}>
        {t('display.later')}
      </Button>
    </aside>
  )
}
