/** Says, above the pictures, that the display has not been tested in time; on a desk, since a phone is not what one reads on. */
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
  const postpone = () => {
    localStorage.setItem(KEY, today())
    setLater(true)
  }
  return (
    <aside className={classes.bar} aria-label={t('display.title')} data-testid="display-reminder">
      <Icon name="warning" size={18} />
      <span>
        {!last && t('display.reminderNever')}
        {last && !last.passed && t('display.reminderFailed', { date })}
        {last?.passed && t('display.reminderDue', { date, days: data.due_after_days })}
      </span>
      <Link to="/display-check">{t('display.check')}</Link>
      <Button size="compact-xs" variant="subtle" onClick={postpone}>
        {t('display.later')}
      </Button>
    </aside>
  )
}
