/** OAuth2 clients: added, changed, ended, and their secrets changed without a gap. */
import { Button, Code, Stack, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { addClient, changeClient, type Client, clientsQuery, endClient, type NewSecret } from '../../../api/identities'
import { Icon } from '../../../brand/Icon'
import { ConfirmDialog } from '../../../frame/ConfirmDialog'
import { FormDialog } from '../../../frame/FormDialog'
import { type Column, RecordList } from '../../../frame/RecordList'
import { useRoleName } from '../../../frame/role-names'
import { readableMoment } from '../../../kit/dates'
import { useFields } from '../../../kit/use-fields'
import { RoleAndScopes } from './RoleAndScopes'
import { Secrets } from './Secrets'
import { ShownOnce } from './ShownOnce'
import { useScopeWords } from './words'

export function Clients() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery(clientsQuery)
  const [edited, setEdited] = useState<Client | 'new'>()
  const [opened, setOpened] = useState<Client>()
  const [ended, setEnded] = useState<Client>()
  const [made, setMade] = useState<NewSecret>()
  const columns = useColumns()
  const acts = (each: Client) => !each.ended && <Acts client={each} onChange={setEdited} onSecrets={setOpened} onEnd={setEnded} />
  return (
    <>
      <RecordList
        name={t('identities.programs.clients')}
        records={data}
        error={error}
        keyOf={(each) => each.client_id}
        nameOf={(each) => each.name}
        textOf={(each) => `${each.name} ${each.client_id}`}
        columns={columns}
        acts={acts}
        tools={
          <Button leftSection={<Icon name="add" size={18} />} onClick={() => setEdited('new')}>
            {t('identities.programs.addClient')}
          </Button>
        }
        empty={{ title: t('identities.programs.noClients'), detail: t('identities.programs.noClientsDetail') }}
      />
      {edited && <ClientForm client={edited === 'new' ? undefined : edited} onMade={setMade} onClose={() => setEdited(undefined)} />}
      {opened && <Secrets client={opened} onMade={setMade} onClose={() => setOpened(undefined)} />}
      {ended && (
        <ConfirmDialog
          title={t('identities.programs.endClientTitle', { name: ended.name })}
          means={t('identities.programs.endClientMeans')}
          confirm={t('identities.programs.end')}
          act={async () => {
            await endClient(ended.client_id)
            await queryClient.invalidateQueries({ queryKey: clientsQuery.queryKey })
          }}
          onClose={() => setEnded(undefined)}
        />
      )}
      {made && (
        <ShownOnce
          secrets={[
            [t('identities.programs.clientId'), made.client_id],
            [t('identities.programs.secret'), made.secret],
          ]}
          onClose={() => setMade(undefined)}
        />
      )}
    </>
  )
}

const nameAndId = ({ name, client_id }: Client) => (
  <Stack gap={0}>
    {name}
    <Code bg="transparent" p={0}>
      {client_id}
    </Code>
  </Stack>
)

function useColumns(): readonly Column<Client>[] {
  const { t } = useTranslation()
  const nameOf = useRoleName()
  const wordsOf = useScopeWords()
  return [
    { key: 'name', title: t('identities.programs.name'), cell: nameAndId, order: (each) => each.name },
    { key: 'roles', title: t('identities.programs.roles'), cell: (each) => each.roles.map(nameOf).join(', ') },
    { key: 'scopes', title: t('identities.programs.scopes'), cell: (each) => (each.ended ? t('identities.programs.ended') : wordsOf(each.scopes)) },
    {
      key: 'used',
      title: t('identities.programs.used'),
      cell: (each) => (each.last_used_at ? readableMoment(each.last_used_at) : t('identities.programs.never')),
      order: (each) => each.last_used_at ?? '',
    },
  ]
}

interface ActsProps {
  readonly client: Client
  readonly onChange: (client: Client) => void
  readonly onSecrets: (client: Client) => void
  readonly onEnd: (client: Client) => void
}

function Acts({ client, onChange, onSecrets, onEnd }: ActsProps) {
  const { t } = useTranslation()
  const { name } = client
  return (
    <>
      <Button variant="default" size="compact-sm" onClick={() => onSecrets(client)} aria-label={t('identities.programs.secretsTitle', { name })}>
        {t('identities.programs.secrets')}
      </Button>
      <Button variant="subtle" size="compact-sm" onClick={() => onChange(client)} aria-label={t('identities.programs.change', { name })}>
        {t('common.edit')}
      </Button>
      <Button variant="subtle" color="red" size="compact-sm" onClick={() => onEnd(client)} aria-label={t('identities.programs.endClient', { name })}>
        {t('identities.programs.end')}
      </Button>
    </>
  )
}

interface ClientFormProps {
  /** undefined: a new one. */
  readonly client?: Client
  readonly onMade: (secret: NewSecret) => void
  readonly onClose: () => void
}

function ClientForm({ client, onMade, onClose }: ClientFormProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { fields, set, text } = useFields({ name: client?.name ?? '', role: client?.roles[0] ?? 'service', scopes: client?.scopes ?? [] })
  const saving = useMutation({
    mutationFn: async () => {
      if (client) await changeClient(client.client_id, { name: fields.name, scopes: fields.scopes })
      else onMade(await addClient({ name: fields.name, roles: [fields.role], scopes: fields.scopes }))
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: clientsQuery.queryKey })
      onClose()
    },
  })
  return (
    <FormDialog
      title={client ? t('identities.programs.change', { name: client.name }) : t('identities.programs.addClient')}
      saving={saving}
      ready={fields.name.trim() !== '' && fields.scopes.length > 0}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <TextInput label={t('identities.programs.name')} maxLength={100} autoComplete="off" data-autofocus {...text('name')} />
      <RoleAndScopes role={fields.role} scopes={fields.scopes} roleFixed={client !== undefined} onChange={set} />
    </FormDialog>
  )
}
