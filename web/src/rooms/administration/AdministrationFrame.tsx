/** Around every page of administration: the sections at the side on a desk, the way back to their list on a phone. */
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../brand/Icon'
import { Header } from '../../frame/Header'
import { usePhone } from '../../frame/use-phone'
import classes from './AdministrationFrame.module.css'
import { useSections } from './sections'

const HOME = '/administration'

export function AdministrationFrame() {
  const phone = usePhone()
  const here = useRouterState({ select: (state) => state.location.pathname.replace(/\/$/, '') })
  return (
    <>
      <Header />
      <div className={classes.frame}>
        {phone ? here !== HOME && <WayBack /> : <SideNavigation here={here} />}
        <main id="content" className={classes.content} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
    </>
  )
}

function WayBack() {
  const { t } = useTranslation()
  return (
    <nav aria-label={t('menu.administration')}>
      <Link to={HOME} className={classes.back}>
        <Icon name="back" size={18} />
        {t('menu.administration')}
      </Link>
    </nav>
  )
}

function SideNavigation({ here }: { readonly here: string }) {
  const { t } = useTranslation()
  const groups = useSections()
  const side = useRef<HTMLElement>(null)
  useEffect(() => {
    if (here !== HOME) side.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  }, [here])
  return (
    <nav ref={side} className={classes.side} aria-label={t('menu.administration')}>
      <Link to={HOME} className={classes.link} data-here={here === HOME} aria-current={here === HOME ? 'page' : undefined}>
        <Icon name="path" size={18} />
        {t('administration.overview')}
      </Link>
      {groups.map((group) => (
        <div key={group.name} className={classes.group}>
          <h2 id={`group-${group.name}`}>{t(`administration.groups.${group.name}`)}</h2>
          <ul aria-labelledby={`group-${group.name}`}>
            {group.sections.map((section) => {
              const there = here === section.to || here.startsWith(`${section.to}/`)
              return (
                <li key={section.name}>
                  <Link to={section.to} className={classes.link} data-here={there} aria-current={there ? 'page' : undefined}>
                    <Icon name={section.icon} size={18} />
                    {t(`administration.sections.${section.name}.title`)}
                  </Link>
                </li>
              )
            })}
          </ul>
        </div>
      ))}
    </nav>
  )
}
