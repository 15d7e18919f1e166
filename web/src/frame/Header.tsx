/** The bar at the top of the office: our mark, the institution, the account. */
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { useMe } from '../api/session'
import { Logo } from '../brand/Logo'
import { AccountMenu } from './AccountMenu'
import classes from './Header.module.css'

export function Header() {
  const { t } = useTranslation()
  const me = useMe()
  return (
    <header className={classes.header}>
      <Link to="/" className={classes.brand} aria-label={`${t('common.product')} – ${t('menu.studies')}`}>
        <Logo size={28} />
        <span>{t('common.product')}</span>
      </Link>
      <div className={classes.right}>
        {me && <span className={classes.institution}>{me.institution.name}</span>}
        <AccountMenu />
      </div>
    </header>
  )
}
