import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { ApiError } from '../../api/client'
import { Icon } from '../../brand/Icon'
import classes from '../../frame/Message.module.css'
import { BreakGlass } from '../restriction/BreakGlassDialog'

/** The study could not be opened at all. */
interface StudyFailureProps {
  readonly error: Error
  readonly studyInstanceUid: string
}

export function StudyFailure({ error, studyInstanceUid }: StudyFailureProps) {
  const { t } = useTranslation()
  const missing = error instanceof ApiError && (error.status === 404 || error.status === 403 || error.status === 400)
  return (
    <main id="content" className={classes.page}>
      <Icon name="warning" size={40} />
      <h1>{t('viewer.studyFailed')}</h1>
      <p>{missing ? t('viewer.studyMissing') : t('connection.lost')}</p>
      {missing && <BreakGlass studyInstanceUid={studyInstanceUid} />}
      <Link to="/" className={classes.link}>
        {t('common.toStudies')}
      </Link>
    </main>
  )
}
