/** How the trail is kept: how much there is, when it was anchored and verified, and what the repository outside has. */
import { useTranslation } from 'react-i18next'

import type { AuditState } from '../../api/audit'
import { Mark, Quiet } from '../../frame/Facts'
import { readableMoment } from '../../kit/dates'
import classes from './AuditTrail.module.css'

export function TrailState({ state }: { readonly state: AuditState }) {
  const { t } = useTranslation()
  const amounts = [
    t('audit.state.events', { count: state.events }),
    t('audit.state.kept', { count: state.kept_for_days }),
    state.archived > 0 && t('audit.state.archived', { count: state.archived }),
  ]
  return (
    <ul className={classes.state}>
      <li>
        <Quiet>{amounts.filter(Boolean).join(' · ')}</Quiet>
      </li>
      <li>
        <Verified state={state} />
      </li>
      <li>
        <Mark tone={state.anchored_at ? 'good' : 'quiet'}>
          {state.anchored_at ? t('audit.state.anchored', { when: readableMoment(state.anchored_at) }) : t('audit.state.notAnchored')}
        </Mark>
      </li>
      <li>
        <Shipped waiting={state.waiting} />
      </li>
    </ul>
  )
}

function Verified({ state }: { readonly state: AuditState }) {
  const { t } = useTranslation()
  if (!state.verified_at) return <Mark tone="quiet">{t('audit.state.notVerified')}</Mark>
  const when = readableMoment(state.verified_at)
  if (state.problems === 0) return <Mark tone="good">{t('audit.state.verified', { when })}</Mark>
  return <Mark tone="bad">{t('audit.state.broken', { when, count: state.problems ?? 1 })}</Mark>
}

function Shipped({ waiting }: { readonly waiting: number | null }) {
  const { t } = useTranslation()
  if (waiting === null) return <Mark tone="quiet">{t('audit.state.notShipped')}</Mark>
  if (waiting === 0) return <Mark tone="good">{t('audit.state.shipped')}</Mark>
  return <Mark tone="warning">{t('audit.state.waiting', { count: waiting })}</Mark>
}
