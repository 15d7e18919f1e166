/** One step of the path: its mark, what it is for, what is there already, and what can be done. */
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../../brand/Icon'
import classes from './SetUp.module.css'

interface StepLineProps {
  readonly state: 'done' | 'now' | 'later'
  readonly title: string
  readonly means: string
  readonly fact?: string | false
  readonly children?: ReactNode
}

export function StepLine({ state, title, means, fact, children }: StepLineProps) {
  const { t } = useTranslation()
  return (
    <li className={classes.step} data-state={state} aria-current={state === 'now' ? 'step' : undefined}>
      <span className={classes.mark} aria-hidden="true">
        {state === 'done' && <Icon name="sealed" size={16} />}
      </span>
      <div className={classes.body}>
        <h2>
          {title}
          {state === 'done' && <span className="visually-hidden">{` – ${t('manage.setUp.done')}`}</span>}
        </h2>
        <p>{means}</p>
        {fact && <p className={classes.fact}>{fact}</p>}
        {children && <div className={classes.acts}>{children}</div>}
      </div>
    </li>
  )
}
