/** Links that were given out and not used yet; each can be taken back. */
import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { type Invitation, invitationsQuery, withdrawInvitation } from '../../../api/people'
import { Refusal } from '../../../frame/Refusal'
import { useRoleName } from '../../../frame/role-names'
import { readableMoment } from '../../../kit/dates'
import lines from '../Administration.module.css'
import classes from './People.module.css'

export function OpenInvitations() {
  const { t } = useTranslation()
  const { data, error } = useQuery(invitationsQuery)
  const open = data?.filter((invitation) => invitation.state === 'open') ?? []
  if (open.length === 0) return <Refusal error={error} />
  return (
    <section className={classes.invitations} aria-labelledby="open-invitations">
      <h2 id="open-invitations" className={classes.heading}>
        {t('manage.people.open', { count: open.length })}
      </h2>
      <ul className={lines.list}>
        {open.map((invitation) => (
          <InvitationLine key={invitation.invitation_id} invitation={invitation} />
        ))}
      </ul>
    </section>
  )
}

function InvitationLine({ invitation }: { readonly invitation: Invitation }) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const queryClient = useQueryClient()
  const withdrawal = useMutation({
    mutationFn: () => withdrawInvitation(invitation.invitation_id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: invitationsQuery.queryKey }),
  })
  const name = invitation.display_name || invitation.username || t('manage.people.anybody')
  return (
    <li className={lines.line} data-invitation>
      <div className={lines.what}>
        <strong>{name}</strong>
        <span className={lines.quiet}>
          {[...invitation.roles.map(roleName), t('manage.people.until', { until: readableMoment(invitation.expires_at) })].join(' · ')}
        </span>
        <Refusal error={withdrawal.error} />
      </div>
      <div className={lines.acts}>
        <Button
          variant="subtle"
          color="red"
          size="compact-sm"
          loading={withdrawal.isPending}
          onClick={() => withdrawal.mutate()}
          aria-label={t('manage.people.withdrawNamed', { name })}
        >
          {t('manage.people.withdraw')}
        </Button>
      </div>
    </li>
  )
}
