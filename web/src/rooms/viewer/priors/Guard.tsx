/** Stands before a study that is of another patient, or not known to be of the same: it is shown only when the reader says so. */
import { Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../../brand/Icon'
import { useRoom } from '../context'
import { usePersonWords } from './person-words'
import type { Standing } from './standing'
import classes from './StudyMark.module.css'

interface GuardProps {
  readonly studyInstanceUid: string
  readonly standing: Standing
  readonly onShow: () => void
}

export function Guard({ studyInstanceUid, standing, onShow }: GuardProps) {
  const { t } = useTranslation()
  const { study, studies, dispatch } = useRoom()
  const words = usePersonWords()
  if (standing === 'asking') {
    return (
      <div className={classes.guard} role="status">
        {t('comparing.guard.checking')}
      </div>
    )
  }
  const known = standing === 'other'
  return (
    <div className={classes.guard} role="alert" data-testid="another-patient">
      <Icon name="warning" size={36} />
      <strong>{t(known ? 'comparing.guard.title' : 'comparing.guard.unknown')}</strong>
      <span>
        {known
          ? t('comparing.guard.detail', { current: words(study), other: words(studies.get(studyInstanceUid)) })
          : t('comparing.guard.unknownDetail')}
      </span>
      <Group gap="sm">
        <Button size="xs" onClick={() => dispatch({ type: 'close-study', studyInstanceUid })}>
          {t('comparing.guard.close')}
        </Button>
        {known && (
          <Button size="xs" variant="default" onClick={onShow}>
            {t('comparing.guard.show')}
          </Button>
        )}
      </Group>
    </div>
  )
}
