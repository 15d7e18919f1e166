import { Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import type { StudyRow } from '../../api/types'
import { Icon } from '../../brand/Icon'
import classes from './StateMark.module.css'

/** Whose study it is when an allied hospital shares it, and that it is restricted; nothing for most. */
export function OwnerMark({ study }: { readonly study: StudyRow }) {
  const { t } = useTranslation()
  return (
    <>
      {study.shared_by && (
        <span className={classes.mark} data-testid="shared-by">
          <Icon name="building" size={14} />
          {t('sharing.from', { name: study.shared_by })}
        </span>
      )}
      {study.restricted && (
        <Tooltip label={t('sharing.restrictedDetail')} position="left">
          <span className={classes.mark} data-testid="restricted">
            <Icon name="lock" size={14} />
            {t('sharing.restricted')}
          </span>
        </Tooltip>
      )}
    </>
  )
}
