/** One page inside the administration frame: its title, what it is about in a sentence, what may be done, its content. */
import { useDocumentTitle } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import classes from './AdministrationPage.module.css'

interface AdministrationPageProps {
  readonly title: string
  readonly intro?: string
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function AdministrationPage({ title, intro, actions, children }: AdministrationPageProps) {
  const { t } = useTranslation()
  useDocumentTitle(`${title} · ${t('common.product')}`)
  return (
    <>
      <div className={classes.head}>
        <div>
          <h1>{title}</h1>
          {intro && <p>{intro}</p>}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      {children}
    </>
  )
}
