import { Tooltip } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import type { StudyRow } from '../../api/types'
import { Icon } from '../../brand/Icon'
import classes from './StateMark.module.css'

/** How far a study is on its way into the archive. */
export function StateMark({ state }: { readonly state: StudyRow['state'] }) {
  const { t } = useTranslation()
  return (
    <Tooltip label={t(`list.${state}Detail`)} position="left">
      <span className={classes.mark} data-state={state}>
        {state === 'sealed' ? <Icon name="sealed" size={14} /> : <i aria-hidden="true" />}
        {t(`list.${state}`)}
      </span>
    </Tooltip>
  )
}
