/** The alliances of the region and their members. */
import { Button, MultiSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { institutionsQuery } from '../../api/institutions'
import { addAlliance, type Alliance, alliancesQuery, endAlliance, setMembers } from '../../api/sharing'
import { Icon } from '../../brand/Icon'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { NameCell, Tags } from '../../frame/Facts'
import { FormDialog } from '../../frame/FormDialog'
import { type Column, RecordList } from '../../frame/RecordList'
import { AdministrationPage } from '../administration/AdministrationPage'

export function Alliances() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery(alliancesQuery)
  const [edited, setEdited] = useState<Alliance | 'new'>()
  const [ended, setEnded] = useState<Alliance>()
  const columns = useAllianceColumns()
  const end = (alliance: Alliance) => (
    <Button
      variant="subtle"
      color="red"
      size="compact-sm"
      onClick={() => setEnded(alliance)}
      aria-label={t('sharing.alliances.endNamed', { name: alliance.name })}
    >
      {t('sharing.alliances.end')}
    </Button>
  )
  return (
    <AdministrationPage
      title={t('sharing.alliances.title')}
      intro={t('sharing.alliances.intro')}
      actions={
        <Button leftSection={<Icon name="add" size={18} />} onClick={() => setEdited('new')}>
          {t('sharing.alliances.add')}
        </Button>
      }
    >
      <RecordList
        name={t('sharing.alliances.title')}
        records={data}
        error={error}
        keyOf={(alliance) => alliance.alliance_id}
        nameOf={(alliance) => alliance.name}
        textOf={(alliance) => [alliance.name, ...alliance.members.map((each) => each.name)].join(' ')}
        columns={columns}
        empty={{ title: t('sharing.alliances.none'), detail: t('sharing.alliances.noneDetail') }}
        onOpen={setEdited}
        acts={end}
      />
      {edited && <AllianceForm alliance={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      {ended && (
        <ConfirmDialog
          title={t('sharing.alliances.endNamed', { name: ended.name })}
          means={t('sharing.alliances.endMeans')}
          confirm={t('sharing.alliances.end')}
          act={async () => {
            await endAlliance(ended.alliance_id)
            await queryClient.invalidateQueries({ queryKey: ['alliances'] })
          }}
          onClose={() => setEnded(undefined)}
        />
      )}
    </AdministrationPage>
  )
}

function useAllianceColumns(): readonly Column<Alliance>[] {
  const { t } = useTranslation()
  return [
    { key: 'name', title: t('sharing.alliances.name'), cell: (alliance) => <NameCell name={alliance.name} />, order: (alliance) => alliance.name },
    { key: 'members', title: t('sharing.alliances.members'), cell: (alliance) => <Tags words={alliance.members.map((each) => each.name)} /> },
  ]
}

function AllianceForm({ alliance, onClose }: { readonly alliance?: Alliance; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data: institutions } = useQuery(institutionsQuery)
  const [name, setName] = useState('')
  const [members, setMembersChosen] = useState<string[]>(alliance?.members.map((each) => String(each.institution_id)) ?? [])
  const saving = useMutation({
    mutationFn: () => (alliance ? setMembers(alliance, members.map(Number)) : addAlliance(name.trim(), members.map(Number))),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['alliances'] }),
    onSuccess: onClose,
  })
  return (
    <FormDialog
      title={alliance ? t('sharing.alliances.edit', { name: alliance.name }) : t('sharing.alliances.add')}
      ready={alliance !== undefined || name.trim() !== ''}
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      {!alliance && (
        <TextInput
          label={t('sharing.alliances.name')}
          maxLength={100}
          autoComplete="off"
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
      <MultiSelect
        label={t('sharing.alliances.members')}
        data={(institutions ?? []).map((each) => ({ value: String(each.institution_id), label: each.name }))}
        value={members}
        onChange={setMembersChosen}
        searchable
      />
    </FormDialog>
  )
}
