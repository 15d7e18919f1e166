/** What somebody has to look at, the worst first. */
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'

import type { OperationsAlert } from '../../../api/operations'
import { Mark } from '../../../frame/Facts'
import { readableMoment } from '../../../kit/dates'
import { Part } from './Part'
import classes from './Operations.module.css'

export function Attention({ alerts }: { readonly alerts: readonly OperationsAlert[] }) {
  const { t } = useTranslation()
  return (
    <Part title={t('operations.attention')}>
      {alerts.length === 0 && <Mark tone="good">{t('operations.well')}</Mark>}
      {alerts.length > 0 && (
        <ul className={classes.alerts}>
          {alerts.map((alert) => (
            <li key={`${alert.word} ${alert.subject}`} data-alert={alert.word}>
              <Mark tone={alert.severity === 'critical' ? 'bad' : 'warning'}>
                {alert.severity === 'critical' ? t('operations.severities.critical') : t('operations.severities.warning')}
              </Mark>
              <span className={classes.words}>
                <strong>{wordsOf(alert.word)}</strong>
                <span className={classes.quiet}>
                  {[alert.subject, alert.since && t('operations.since', { since: readableMoment(alert.since) })].filter(Boolean).join(' · ')}
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Part>
  )

  function wordsOf(word: string): string {
    return i18next.exists(`operations.alerts.${word}`) ? t(`operations.alerts.${word}` as 'operations.alerts.jobs-late') : word
  }
}
