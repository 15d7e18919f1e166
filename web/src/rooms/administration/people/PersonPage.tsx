/** One person: the account, the roles held now and before, and coming in. */
import { Button, Checkbox, Group, Skeleton, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Person, personQuery, resetSignIn, setPersonActive, setRoles } from '../../../api/people'
import { Icon } from '../../../brand/Icon'
import { ConfirmDialog } from '../../../frame/ConfirmDialog'
import { FormDialog } from '../../../frame/FormDialog'
import { OneTimeLink } from '../../../frame/OneTimeLink'
import { Refusal } from '../../../frame/Refusal'
import { readableMoment } from '../../../kit/dates'
import frame from '../AdministrationFrame.module.css'
import { AdministrationPage } from '../AdministrationPage'
import { AccountFields } from './AccountFields'
import classes from './People.module.css'
import { RoleHistory } from './RoleHistory'
import { RolesField } from './RolesField'

export function PersonPage() {
  const { t } = useTranslation()
  const { userId } = useParams({ from: '/signed-in/administration/people/$userId' })
  const { data, error } = useQuery(personQuery(Number(userId)))
  const name = data?.person.display_name || data?.person.username
  return (
    <>
      <nav aria-label={t('manage.people.title')}>
        <Link to="/administration/people" className={frame.back}>
          <Icon name="back" size={18} />
          {t('manage.people.all')}
        </Link>
      </nav>
      <AdministrationPage title={name ?? t('manage.people.person')}>
        <Refusal error={error} />
        {!data && !error && <Skeleton height={240} radius="lg" />}
        {data && (
          <>
            <section className={classes.card} aria-labelledby="account">
              <h2 id="account">{t('manage.people.account')}</h2>
              <AccountFields key={data.person.user_id} person={data.person} />
            </section>
            <section className={classes.card} aria-labelledby="roles">
              <h2 id="roles">{t('manage.people.rolesNow')}</h2>
              <RoleHistory history={data.history} />
              <ChangeRoles person={data.person} />
            </section>
            <section className={classes.card} aria-labelledby="coming-in">
              <h2 id="coming-in">{t('manage.people.signIn')}</h2>
              <ComingIn person={data.person} />
            </section>
          </>
        )}
      </AdministrationPage>
    </>
  )
}

/** All that shows people is asked again. */
function useRefresh(): () => Promise<void> {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: ['people'] })
}

function ChangeRoles({ person }: { readonly person: Person }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <Group mt="md">
      <Button variant="default" onClick={() => setOpen(true)}>
        {t('manage.people.changeRoles')}
      </Button>
      {open && <RolesDialog person={person} onClose={() => setOpen(false)} />}
    </Group>
  )
}

function RolesDialog({ person, onClose }: { readonly person: Person; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [roles, choose] = useState<readonly string[]>(person.roles)
  const saving = useMutation({
    mutationFn: () => setRoles(person.user_id, roles),
    onSuccess: async () => {
      await refresh()
      onClose()
    },
  })
  return (
    <FormDialog
      title={t('manage.people.changeRolesTitle', { name: person.display_name || person.username })}
      size="lg"
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <RolesField chosen={roles} onChange={choose} />
    </FormDialog>
  )
}

function ComingIn({ person }: { readonly person: Person }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [asked, setAsked] = useState<'disable' | 'reset'>()
  const enabling = useMutation({ mutationFn: () => setPersonActive(person.user_id, true), onSuccess: refresh })
  const name = person.display_name || person.username
  const facts = [
    t('manage.people.created', { at: readableMoment(person.created_at) }),
    person.last_seen_at && t('manage.people.seen', { at: readableMoment(person.last_seen_at) }),
    person.has_password ? t('manage.people.hasPassword') : t('manage.people.noPassword'),
  ]
  return (
    <>
      <Text size="sm" c="dimmed">
        {facts.filter(Boolean).join(' ')}
      </Text>
      <Refusal error={enabling.error} />
      <Group mt="md" gap="sm">
        {person.active && (
          <Button variant="default" leftSection={<Icon name="key" size={18} />} onClick={() => setAsked('reset')}>
            {t('manage.people.reset')}
          </Button>
        )}
        {person.active ? (
          <Button variant="subtle" color="red" onClick={() => setAsked('disable')}>
            {t('manage.people.disable')}
          </Button>
        ) : (
          <Button loading={enabling.isPending} onClick={() => enabling.mutate()}>
            {t('manage.people.enable')}
          </Button>
        )}
      </Group>
      {asked === 'disable' && (
        <ConfirmDialog
          title={t('manage.people.disableTitle', { name })}
          means={t('manage.people.disableMeans')}
          confirm={t('manage.people.disable').replace('…', '')}
          act={() => setPersonActive(person.user_id, false).then(refresh)}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked === 'reset' && <ResetDialog person={person} onClose={() => setAsked(undefined)} />}
    </>
  )
}

function ResetDialog({ person, onClose }: { readonly person: Person; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const [forget, setForget] = useState(false)
  const resetting = useMutation({ mutationFn: () => resetSignIn(person.user_id, forget) })
  if (resetting.data) {
    return (
      <OneTimeLink
        path={`/reset/${resetting.data.token}`}
        title={t('manage.people.linkTitle')}
        means={t('manage.people.resetMeans', { until: readableMoment(resetting.data.expires_at) })}
        onClose={onClose}
      />
    )
  }
  return (
    <FormDialog
      title={t('manage.people.resetTitle', { name: person.display_name || person.username })}
      confirm={t('manage.people.resetConfirm')}
      saving={resetting}
      onSubmit={() => resetting.mutate()}
      onClose={onClose}
    >
      <Text size="sm">{t('manage.people.resetAbout')}</Text>
      <Checkbox label={t('manage.people.resetFactors')} checked={forget} onChange={(event) => setForget(event.currentTarget.checked)} />
    </FormDialog>
  )
}
