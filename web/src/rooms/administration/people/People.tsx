/** The people of one's institution, and the invitations that are out. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { departmentsQuery } from '../../../api/institutions'
import { peopleQuery, type Person } from '../../../api/people'
import { Icon } from '../../../brand/Icon'
import { Mark, NameCell, Quiet, Tags } from '../../../frame/Facts'
import { ListFiles } from '../../../frame/ListFiles'
import { type Column, RecordList } from '../../../frame/RecordList'
import { useRoleName } from '../../../frame/role-names'
import { readableMoment } from '../../../kit/dates'
import { AdministrationPage } from '../AdministrationPage'
import { InviteDialog } from './InviteDialog'
import { OpenInvitations } from './OpenInvitations'

export function People() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { data, error } = useQuery(peopleQuery)
  const [inviting, setInviting] = useState(false)
  const departmentOf = useDepartmentOf()
  const roleName = useRoleName()
  return (
    <AdministrationPage
      title={t('manage.people.title')}
      intro={t('manage.people.intro')}
      actions={
        <Button leftSection={<Icon name="add" size={18} />} onClick={() => setInviting(true)}>
          {t('manage.people.invite')}
        </Button>
      }
    >
      <RecordList
        name={t('manage.people.title')}
        records={data}
        error={error}
        keyOf={(person) => person.user_id}
        nameOf={(person) => person.display_name || person.username}
        textOf={(person) => [person.display_name, person.username, departmentOf(person), ...person.roles.map(roleName)].join(' ')}
        columns={useColumns()}
        empty={{ title: t('manage.people.none'), detail: t('manage.people.noneDetail') }}
        onOpen={(person) => void navigate({ to: '/administration/people/$userId', params: { userId: String(person.user_id) } })}
        tools={<ListFiles list="people" />}
      />
      <OpenInvitations />
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </AdministrationPage>
  )
}

function useDepartmentOf(): (person: Person) => string {
  const departments = useQuery(departmentsQuery()).data
  return (person) => departments?.find((each) => each.department_id === person.department_id)?.name ?? ''
}

function useColumns(): readonly Column<Person>[] {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const departmentOf = useDepartmentOf()
  return [
    {
      key: 'person',
      title: t('manage.people.person'),
      cell: (person) => <NameCell name={person.display_name || person.username} detail={person.username} />,
      order: (person) => person.display_name || person.username,
    },
    {
      key: 'roles',
      title: t('manage.people.roles'),
      cell: (person) => (person.roles.length > 0 ? <Tags words={person.roles.map(roleName)} /> : <Quiet>{t('manage.people.noRoles')}</Quiet>),
    },
    { key: 'department', title: t('manage.people.department'), cell: departmentOf, order: departmentOf },
    {
      key: 'seen',
      title: t('manage.people.lastSeen'),
      cell: (person) => (person.last_seen_at ? readableMoment(person.last_seen_at) : <Quiet>{t('manage.people.never')}</Quiet>),
      order: (person) => person.last_seen_at,
    },
    {
      key: 'state',
      title: t('manage.people.state'),
      cell: (person) => (
        <Mark tone={person.active ? 'good' : 'quiet'}>{person.active ? t('manage.people.active') : t('manage.people.disabled')}</Mark>
      ),
      order: (person) => person.active,
    },
  ]
}
