/** The first page of administration: everything one may do here, each with a sentence. On a phone it is the way to the pages. */
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { useMe } from '../../api/session'
import { Icon } from '../../brand/Icon'
import { Nothing } from '../../frame/Nothing'
import { useMay } from '../../frame/rights'
import { AdministrationPage } from './AdministrationPage'
import classes from './Overview.module.css'
import { useSections } from './sections'
import { SetUpCard } from './set-up/SetUpCard'

export function Overview() {
  const { t } = useTranslation()
  const groups = useSections()
  const may = useMay()
  const me = useMe()
  return (
    <AdministrationPage title={t('menu.administration')} intro={t('administration.intro')}>
      {groups.length === 0 && <Nothing title={t('administration.nothing')} detail={t('administration.nothingDetail')} />}
      {me && may('manage-institution') && <SetUpCard institutionId={me.institution.institution_id} />}
      {groups.map((group) => (
        <section key={group.name} className={classes.group} aria-labelledby={`overview-${group.name}`}>
          <h2 id={`overview-${group.name}`}>{t(`administration.groups.${group.name}`)}</h2>
          <ul className={classes.tiles}>
            {group.sections.map((section) => (
              <li key={section.name}>
                <Link to={section.to} className={classes.tile}>
                  <span className={classes.icon}>
                    <Icon name={section.icon} size={20} />
                  </span>
                  <span className={classes.words}>
                    <strong>{t(`administration.sections.${section.name}.title`)}</strong>
                    <span>{t(`administration.sections.${section.name}.about`)}</span>
                  </span>
                  <Icon name="forward" size={16} />
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </AdministrationPage>
  )
}
