/** Through which systems of the hospital people sign in; each of the two keepers changes her own part. */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type IdentityProvider, PROVIDERS, providersQuery, removeProvider } from '../../../api/identities'
import { Icon } from '../../../brand/Icon'
import { ConfirmDialog } from '../../../frame/ConfirmDialog'
import { type Column, RecordList } from '../../../frame/RecordList'
import { useMay } from '../../../frame/rights'
import { AdministrationPage } from '../AdministrationPage'
import { ProviderForm } from './ProviderForm'
import { RulesForm } from './RulesForm'

export function IdentityProviders() {
  const { t } = useTranslation()
  const may = useMay()
  const security = may('manage-security')
  const { data, error } = useQuery(providersQuery(security))
  const [edited, setEdited] = useState<IdentityProvider | 'new'>()
  const [ruled, setRuled] = useState<IdentityProvider>()
  const [removed, setRemoved] = useState<IdentityProvider>()
  const columns = useColumns()
  const acts = (each: IdentityProvider) => (
    <>
      {may('manage-users') && (
        <Button variant="default" size="compact-sm" onClick={() => setRuled(each)} aria-label={t('identities.providers.rulesOf', { name: each.name })}>
          {t('identities.providers.rules')}
        </Button>
      )}
      {security && (
        <Button
          variant="subtle"
          color="red"
          size="compact-sm"
          onClick={() => setRemoved(each)}
          aria-label={t('identities.providers.removeNamed', { name: each.name })}
        >
          {t('common.remove')}
        </Button>
      )}
    </>
  )
  return (
    <AdministrationPage
      title={t('identities.providers.title')}
      intro={t('identities.providers.intro')}
      actions={
        security && (
          <Button leftSection={<Icon name="add" size={18} />} onClick={() => setEdited('new')}>
            {t('identities.providers.add')}
          </Button>
        )
      }
    >
      <RecordList
        name={t('identities.providers.title')}
        records={data}
        error={error}
        keyOf={(each) => each.provider_id}
        nameOf={(each) => each.name}
        textOf={(each) => `${each.name} ${each.issuer}`}
        columns={columns}
        onOpen={security ? setEdited : setRuled}
        acts={acts}
        empty={{ title: t('identities.providers.none'), detail: security ? t('identities.providers.noneDetail') : t('identities.providers.noneForPeople') }}
      />
      {edited && <ProviderForm provider={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      {ruled && <RulesForm provider={ruled} onClose={() => setRuled(undefined)} />}
      {removed && <Removal provider={removed} onClose={() => setRemoved(undefined)} />}
    </AdministrationPage>
  )
}

function useColumns(): readonly Column<IdentityProvider>[] {
  const { t } = useTranslation()
  const stateOf = (each: IdentityProvider) =>
    each.enabled ? (each.shown ? t('identities.providers.on') : t('identities.providers.hidden')) : t('identities.providers.off')
  const accountsOf = ({ account_rules: rules }: IdentityProvider) => {
    const made = rules.creates_accounts ? t('identities.providers.accountsMade') : undefined
    const matched = rules.matches_accounts ? t('identities.providers.accountsMatched') : undefined
    return [made, matched].filter(Boolean).join(' · ') || t('identities.providers.accountsNone')
  }
  return [
    { key: 'name', title: t('identities.providers.name'), cell: (each) => each.name, order: (each) => each.name },
    { key: 'issuer', title: t('identities.providers.issuer'), cell: (each) => each.issuer, order: (each) => each.issuer },
    { key: 'state', title: t('identities.providers.state'), cell: stateOf, order: stateOf },
    { key: 'accounts', title: t('identities.providers.accounts'), cell: accountsOf },
  ]
}

function Removal({ provider, onClose }: { readonly provider: IdentityProvider; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  return (
    <ConfirmDialog
      title={t('identities.providers.removeTitle', { name: provider.name })}
      means={t('identities.providers.removeMeans')}
      confirm={t('common.remove')}
      act={async () => {
        await removeProvider(provider.provider_id)
        await queryClient.invalidateQueries({ queryKey: PROVIDERS })
      }}
      onClose={onClose}
    />
  )
}
