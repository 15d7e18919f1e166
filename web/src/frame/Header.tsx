/** The bar at the top of the office: our mark, where one can go, the institution, what is on its way, the account. */
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { useMe } from '../api/session'
import { Logo } from '../brand/Logo'
import { TransfersButton } from '../rooms/transfers/TransfersPanel'
import { AccountMenu } from './AccountMenu'
import classes from './Header.module.css'
import { Navigation } from './Navigation'
import { useMay } from './rights'
import { usePhone } from './use-phone'

export function Header() {
  const { t } = useTranslation()
  const me = useMe()
  const may = useMay()
  const phone = usePhone()
  return (
    <header className={classes.header}>
      <Link to="/" className={classes.brand} aria-label={`${t('common.product')} – ${t('menu.studies')}`}>
        <Logo size={28} />
        <span>{t('common.product')}</span>
      </Link>
      {me && !phone && <Navigation />}
      <div className={classes.right}>
        {me && <span className={classes.institution}>{me.institution.name}</span>}
        {may('send') && <TransfersButton />}
        {me && phone && <Navigation />}
        <AccountMenu />
      </div>
    </header>
  )
}
