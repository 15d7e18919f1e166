/** Which roles somebody holds since when and by whom, and held before. */
import { useTranslation } from 'react-i18next'

import type { PersonPage } from '../../../api/people'
import { useRoleName } from '../../../frame/role-names'
import { readableMoment } from '../../../kit/dates'
import classes from './People.module.css'

export function RoleHistory({ history }: { readonly history: PersonPage['history'] }) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const now = history.filter((held) => held.until === null)
  const before = history.filter((held) => held.until !== null)
  return (
    <>
      {now.length === 0 && <p className={classes.quiet}>{t('manage.people.noRoles')}</p>}
      <ul className={classes.held}>
        {now.map((held) => (
          <li key={`${held.role} ${held.since}`}>
            <strong>{roleName(held.role)}</strong>
            <span className={classes.quiet}>{t('manage.people.since', { since: readableMoment(held.since), by: held.given_by || '–' })}</span>
          </li>
        ))}
      </ul>
      {before.length > 0 && (
        <>
          <h3 className={classes.earlier}>{t('manage.people.history')}</h3>
          <ul className={classes.held}>
            {before.map((held) => (
              <li key={`${held.role} ${held.since}`}>
                {roleName(held.role)}
                <span className={classes.quiet}>
                  {t('manage.people.was', { since: readableMoment(held.since), until: readableMoment(held.until ?? ''), by: held.ended_by ?? '–' })}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}
