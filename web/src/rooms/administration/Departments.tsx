/** The departments of one's institution. */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Department, departmentsQuery, removeDepartment } from '../../api/institutions'
import { Icon } from '../../brand/Icon'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { Mono, NameCell } from '../../frame/Facts'
import { ListFiles } from '../../frame/ListFiles'
import { type Column, RecordList } from '../../frame/RecordList'
import { AdministrationPage } from './AdministrationPage'
import { DepartmentForm } from './DepartmentForm'

export function Departments() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery(departmentsQuery())
  const [edited, setEdited] = useState<Department | 'new'>()
  const [removed, setRemoved] = useState<Department>()
  const remove = (department: Department) => (
    <Button
      variant="subtle"
      color="red"
      size="compact-sm"
      onClick={() => setRemoved(department)}
      aria-label={t('manage.departments.removeNamed', { name: department.name })}
    >
      {t('common.remove')}
    </Button>
  )
  return (
    <AdministrationPage
      title={t('manage.departments.title')}
      intro={t('manage.departments.intro')}
      actions={
        <Button leftSection={<Icon name="add" size={18} />} onClick={() => setEdited('new')}>
          {t('manage.departments.add')}
        </Button>
      }
    >
      <RecordList
        name={t('manage.departments.title')}
        records={data}
        error={error}
        keyOf={(department) => department.department_id}
        nameOf={(department) => department.name}
        textOf={(department) => `${department.name} ${department.other_name} ${department.code}`}
        columns={useColumns()}
        empty={{ title: t('manage.departments.none'), detail: t('manage.departments.noneDetail') }}
        onOpen={setEdited}
        acts={remove}
        tools={<ListFiles list="departments" />}
      />
      {edited && <DepartmentForm department={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      {removed && (
        <ConfirmDialog
          title={t('manage.departments.removeTitle', { name: removed.name })}
          means={t('manage.departments.removeMeans')}
          confirm={t('common.remove')}
          act={async () => {
            await removeDepartment(removed.department_id)
            await queryClient.invalidateQueries({ queryKey: ['departments'] })
          }}
          onClose={() => setRemoved(undefined)}
        />
      )}
    </AdministrationPage>
  )
}

function useColumns(): readonly Column<Department>[] {
  const { t } = useTranslation()
  return [
    {
      key: 'name',
      title: t('manage.institutions.name'),
      cell: (department) => <NameCell name={department.name} detail={department.other_name} />,
      order: (department) => department.name,
    },
    { key: 'code', title: t('manage.institutions.code'), cell: (department) => <Mono>{department.code}</Mono>, order: (department) => department.code },
  ]
}
