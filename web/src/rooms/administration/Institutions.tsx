/** The hospitals of the region; whoever administers one sees and names that one. */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Institution, institutionsQuery, setInstitutionActive } from '../../api/institutions'
import { useMe } from '../../api/session'
import { Icon } from '../../brand/Icon'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { Mark, Mono, NameCell } from '../../frame/Facts'
import { ListFiles } from '../../frame/ListFiles'
import { type Column, RecordList } from '../../frame/RecordList'
import { useMay } from '../../frame/rights'
import { AdministrationPage } from './AdministrationPage'
import { InstitutionForm } from './InstitutionForm'

export function Institutions() {
  const { t } = useTranslation()
  const may = useMay()
  const me = useMe()
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  const { data, error } = useQuery(institutionsQuery)
  const [edited, setEdited] = useState<Institution | 'new'>()
  const [switched, setSwitched] = useState<Institution>()
  const region = may('manage-region')
  const own = me?.institution.institution_id
  const setUp = (institution: Institution) =>
    navigate({ to: '/administration/set-up/$institutionId', params: { institutionId: String(institution.institution_id) } })
  const turn = async (institution: Institution) => {
    await setInstitutionActive(institution.institution_id, !institution.active)
    await queryClient.invalidateQueries({ queryKey: institutionsQuery.queryKey })
  }
  const acts = (institution: Institution) => (
    <>
      {institution.active && (
        <Button variant="default" size="compact-sm" leftSection={<Icon name="path" size={16} />} onClick={() => void setUp(institution)}>
          {t('manage.institutions.setUp')}
        </Button>
      )}
      {region && institution.institution_id !== own && (
        <Button
          variant="subtle"
          color={institution.active ? 'red' : undefined}
          size="compact-sm"
          onClick={() => (institution.active ? setSwitched(institution) : void turn(institution))}
        >
          {institution.active ? t('manage.institutions.deactivate') : t('manage.institutions.activate')}
        </Button>
      )}
    </>
  )
  const add = (
    <Button leftSection={<Icon name="add" size={18} />} onClick={() => setEdited('new')}>
      {t('manage.institutions.add')}
    </Button>
  )
  return (
    <AdministrationPage title={t('manage.institutions.title')} intro={t('manage.institutions.intro')} actions={region && add}>
      <RecordList
        name={t('manage.institutions.title')}
        records={data}
        error={error}
        keyOf={(institution) => institution.institution_id}
        nameOf={(institution) => institution.name}
        textOf={(institution) => `${institution.name} ${institution.other_name} ${institution.code}`}
        columns={useColumns(own)}
        empty={{ title: t('manage.institutions.none') }}
        onOpen={setEdited}
        acts={acts}
        tools={<ListFiles list="institutions" mayImport={region} />}
      />
      {edited && (
        <InstitutionForm
          institution={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onSaved={(saved) => (edited === 'new' ? void setUp(saved) : setEdited(undefined))}
        />
      )}
      {switched && (
        <ConfirmDialog
          title={t('manage.institutions.deactivateTitle', { name: switched.name })}
          means={t('manage.institutions.deactivateMeans')}
          confirm={t('manage.institutions.deactivate')}
          act={() => turn(switched)}
          onClose={() => setSwitched(undefined)}
        />
      )}
    </AdministrationPage>
  )
}

function useColumns(own: number | undefined): readonly Column<Institution>[] {
  const { t } = useTranslation()
  return [
    {
      key: 'name',
      title: t('manage.institutions.name'),
      cell: (institution) => (
        <NameCell
          name={institution.name}
          detail={[institution.other_name, institution.institution_id === own && t('manage.institutions.own')].filter(Boolean).join(' · ')}
        />
      ),
      order: (institution) => institution.name,
    },
    { key: 'code', title: t('manage.institutions.code'), cell: (institution) => <Mono>{institution.code}</Mono>, order: (institution) => institution.code },
    {
      key: 'state',
      title: t('manage.institutions.state'),
      cell: (institution) => (
        <Mark tone={institution.active ? 'good' : 'quiet'}>{institution.active ? t('manage.institutions.active') : t('manage.institutions.inactive')}</Mark>
      ),
      order: (institution) => institution.active,
    },
  ]
}
