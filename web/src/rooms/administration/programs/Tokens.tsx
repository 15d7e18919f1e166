/** Tokens that people issued to programs: issued, listed, ended. */
import { Button, NumberInput, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { endToken, issueToken, type Token, tokensQuery } from '../../../api/identities'
import { Icon } from '../../../brand/Icon'
import { ConfirmDialog } from '../../../frame/ConfirmDialog'
import { FormDialog } from '../../../frame/FormDialog'
import { type Column, RecordList } from '../../../frame/RecordList'
import { useRoleName } from '../../../frame/role-names'
import { readableMoment } from '../../../kit/dates'
import { useFields } from '../../../kit/use-fields'
import { RoleAndScopes } from './RoleAndScopes'
import { ShownOnce } from './ShownOnce'
import { useScopeWords } from './words'

const nameOfToken = (token: Token) => token.label || `#${token.token_id}`

export function Tokens() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery(tokensQuery)
  const [issuing, setIssuing] = useState(false)
  const [made, setMade] = useState<string>()
  const [ended, setEnded] = useState<Token>()
  const columns = useColumns()
  const acts = (each: Token) =>
    !each.revoked && (
      <Button variant="subtle" color="red" size="compact-sm" onClick={() => setEnded(each)} aria-label={t('identities.programs.endToken', { name: nameOfToken(each) })}>
        {t('identities.programs.end')}
      </Button>
    )
  return (
    <>
      <RecordList
        name={t('identities.programs.tokens')}
        records={data}
        error={error}
        keyOf={(each) => each.token_id}
        nameOf={nameOfToken}
        textOf={(each) => each.label}
        columns={columns}
        acts={acts}
        tools={
          <Button leftSection={<Icon name="add" size={18} />} onClick={() => setIssuing(true)}>
            {t('identities.programs.addToken')}
          </Button>
        }
        empty={{ title: t('identities.programs.noTokens'), detail: t('identities.programs.noTokensDetail') }}
      />
      {issuing && <TokenForm onMade={setMade} onClose={() => setIssuing(false)} />}
      {made && <ShownOnce secrets={[[t('identities.programs.token'), made]]} onClose={() => setMade(undefined)} />}
      {ended && (
        <ConfirmDialog
          title={t('identities.programs.endTokenTitle')}
          means={t('identities.programs.endTokenMeans')}
          confirm={t('identities.programs.end')}
          act={async () => {
            await endToken(ended.token_id)
            await queryClient.invalidateQueries({ queryKey: tokensQuery.queryKey })
          }}
          onClose={() => setEnded(undefined)}
        />
      )}
    </>
  )
}

function useColumns(): readonly Column<Token>[] {
  const { t } = useTranslation()
  const nameOf = useRoleName()
  const wordsOf = useScopeWords()
  const moment = (iso: string | null) => (iso ? readableMoment(iso) : t('identities.programs.never'))
  return [
    { key: 'label', title: t('identities.programs.label'), cell: nameOfToken, order: nameOfToken },
    { key: 'roles', title: t('identities.programs.roles'), cell: (each) => each.roles.map(nameOf).join(', ') },
    { key: 'scopes', title: t('identities.programs.scopes'), cell: (each) => wordsOf(each.scopes) },
    { key: 'used', title: t('identities.programs.used'), cell: (each) => moment(each.last_used_at), order: (each) => each.last_used_at ?? '' },
    {
      key: 'expires',
      title: t('identities.programs.expires'),
      cell: (each) => (each.revoked ? t('identities.programs.ended') : moment(each.expires_at)),
      order: (each) => each.expires_at ?? '',
    },
  ]
}

function TokenForm({ onMade, onClose }: { readonly onMade: (token: string) => void; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { fields, set, text } = useFields<{ label: string; role: string; scopes: string[]; days: number | '' }>({
    label: '',
    role: 'service',
    scopes: [],
    days: 90,
  })
  const saving = useMutation({
    mutationFn: () => issueToken({ label: fields.label, roles: [fields.role], scopes: fields.scopes, days: fields.days || null }),
    onSuccess: async (token) => {
      onMade(token)
      onClose()
      await queryClient.invalidateQueries({ queryKey: tokensQuery.queryKey })
    },
  })
  return (
    <FormDialog title={t('identities.programs.addToken')} saving={saving} ready={fields.scopes.length > 0} onSubmit={() => saving.mutate()} onClose={onClose}>
      <TextInput label={t('identities.programs.label')} maxLength={100} autoComplete="off" data-autofocus {...text('label')} />
      <RoleAndScopes role={fields.role} scopes={fields.scopes} onChange={set} />
      <NumberInput
        label={t('identities.programs.days')}
        description={t('identities.programs.daysHint')}
        min={1}
        max={3650}
        allowDecimal={false}
        value={fields.days}
        onChange={(days) => set({ days: typeof days === 'number' ? days : '' })}
      />
    </FormDialog>
  )
}
