import { useTranslation } from 'react-i18next'
import { Link } from '@tanstack/react-router'

import { Logo } from '../brand/Logo'
import classes from './Message.module.css'

export function NotFound() {
  const { t } = useTranslation()
  return (
    <main id="content" className={classes.page}>
      <Logo size={44} />
      <h1>{t('common.notFound')}</h1>
      <p>{t('common.notFoundDetail')}</p>
      <Link to="/" className={classes.link}>
        {t('common.toStudies')}
      </Link>
    </main>
  )
}
