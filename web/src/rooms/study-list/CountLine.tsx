import { Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { connection } from '../../api/connection'
import type { StudyPage } from '../../api/types'
import { useStore } from '../../kit/store'
import classes from './CountLine.module.css'

/** How many studies match, and that the list is live. */
export function CountLine({ first, refreshing }: { readonly first: StudyPage | undefined; readonly refreshing: boolean }) {
  const { t, i18n } = useTranslation()
  const here = useStore(connection) === 'here'
  const count = first?.count ?? 0
  const formatted = new Intl.NumberFormat(i18n.language).format(count)
  const words = first?.count_is_exact === false ? t('list.countAbout', { formatted }) : t('list.count', { count, formatted })
  return (
    <div className={classes.line}>
      <span aria-live="polite" data-testid="study-count">
        {first && !refreshing ? words : '\u00a0'}
      </span>
      <span className={classes.right}>
        <span className={classes.hint}>{t('list.hintKeys')}</span>
        {here && (
          <Tooltip label={t('list.liveDetail')}>
            <span className={classes.live}>{t('list.live')}</span>
          </Tooltip>
        )}
      </span>
    </div>
  )
}
