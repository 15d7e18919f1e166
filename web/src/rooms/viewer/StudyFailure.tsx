import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { ApiError } from '../../api/client'
import { Icon } from '../../brand/Icon'
import classes from '../../frame/Message.module.css'

/** The study could not be opened at all. */
export function StudyFailure({ error }: { readonly error: Error }) {
  const { t } = useTranslation()
  const missing = error instanceof ApiError && (error.status === 404 || error.status === 403 || error.status === 400)
  return (
    <main id="content" className={classes.page}>
      <Icon name="warning" size={40} />
      <h1>{t('viewer.studyFailed')}</h1>
      <p>{missing ? t('viewer.studyMissing') : t('connection.lost')}</p>
      <Link to="/" className={classes.link}>
        {t('common.toStudies')}
      </Link>
    </main>
  )
}
