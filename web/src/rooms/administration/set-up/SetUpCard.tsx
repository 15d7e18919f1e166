/** On the overview: how far one's own hospital is, and the way on. It goes when all is done. */
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import classes from './SetUp.module.css'
import { STEPS, useSetUp } from './use-set-up'

export function SetUpCard({ institutionId }: { readonly institutionId: number }) {
  const { t } = useTranslation()
  const { count, progress } = useSetUp(institutionId)
  if (!progress || count === STEPS.length) return null
  const words = t('manage.setUp.progress', { done: count, total: STEPS.length })
  return (
    <section className={classes.card} aria-labelledby="set-up-card">
      <div>
        <h2 id="set-up-card">{t('manage.setUp.cardTitle')}</h2>
        <progress max={STEPS.length} value={count} aria-label={words} />
        <span>{words}</span>
      </div>
      <Button component={Link} to={`/administration/set-up/${institutionId}`}>
        {t('manage.setUp.continue')}
      </Button>
    </section>
  )
}
