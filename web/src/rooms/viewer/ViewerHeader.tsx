/** The bar at the top of the reading room: whose study this is, and the panels. */
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import type { Study } from '../../api/types'
import { Icon } from '../../brand/Icon'
import { AccountMenu } from '../../frame/AccountMenu'
import { ageOn, readableDate } from '../../kit/dates'
import { marked } from '../../kit/marked'
import { readableName } from '../../kit/person-name'
import { StudyMenu } from '../study-actions/StudyMenu'
import { ListPlace } from './list/ListPlace'
import classes from './ViewerHeader.module.css'

export function ViewerHeader({ study, children }: { readonly study: Study | undefined; readonly children?: ReactNode }) {
  const { t } = useTranslation()
  return (
    <header className={classes.header}>
      <Link to="/" className={classes.back} aria-label={t('viewer.back')} title={t('viewer.back')}>
        <Icon name="back" />
      </Link>
      {study ? <Person study={study} /> : <span className={classes.person} />}
      <ListPlace />
      {children}
      {study && <StudyMenu study={study} />}
      <AccountMenu />
    </header>
  )
}

function Person({ study }: { readonly study: Study }) {
  const { t, i18n } = useTranslation()
  const name = readableName(study.patient_name, i18n.language)
  const age = ageOn(study.patient_birth_date, study.study_date)
  const sex = { F: t('list.sexF'), M: t('list.sexM'), O: t('list.sexO') }[study.patient_sex ?? '']
  const facts = [marked(study.patient_id ?? ''), sex, age && t(`list.${age.unit}`, { count: age.count })]
  const about = [readableDate(study.study_date), marked(study.study_description ?? '')]
  return (
    <div className={classes.person}>
      <h1 className={classes.name}>
        {name?.main ?? t('list.noName')}
        {name?.other && <span>{name.other}</span>}
      </h1>
      <span className={classes.facts}>{[...facts, ...about].filter(Boolean).join(' · ')}</span>
    </div>
  )
}
