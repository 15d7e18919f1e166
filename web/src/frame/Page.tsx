/** A page of the office: header, title, what may be done, content. */
import { useDocumentTitle } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { Header } from './Header'
import classes from './Page.module.css'

interface PageProps {
  readonly title: string
  readonly intro?: string
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Page({ title, intro, actions, children }: PageProps) {
  const { t } = useTranslation()
  useDocumentTitle(`${title} · ${t('common.product')}`)
  return (
    <>
      <Header />
      <main id="content" className={classes.page} tabIndex={-1}>
        <div className={classes.head}>
          <div>
            <h1>{title}</h1>
            {intro && <p>{intro}</p>}
          </div>
          {actions && <div className={classes.actions}>{actions}</div>}
        </div>
        {children}
      </main>
    </>
  )
}
