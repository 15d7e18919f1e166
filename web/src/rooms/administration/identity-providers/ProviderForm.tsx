/** How a provider is asked: its address, what we are called there, and whose second factor counts. */
import { Button, Checkbox, Group, PasswordInput, Radio, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { addProvider, changeProvider, checkIssuer, type IdentityProvider, PROVIDERS } from '../../../api/identities'
import { FormDialog } from '../../../frame/FormDialog'
import { Refusal, useWordsOfReason } from '../../../frame/Refusal'
import { useFields } from '../../../kit/use-fields'

const FACTORS = ['told', 'asked', 'here'] as const

interface ProviderFormProps {
  /** undefined: a new one. */
  readonly provider?: IdentityProvider
  readonly onClose: () => void
}

export function ProviderForm({ provider, onClose }: ProviderFormProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { fields, set, text, flag } = useFields({
    name: provider?.name ?? '',
    issuer: provider?.issuer ?? '',
    client_id: provider?.client_id ?? '',
    client_secret: '',
    forget: false,
    second_factor: provider?.second_factor ?? FACTORS[0],
    enabled: provider?.enabled ?? true,
    shown: provider?.shown ?? true,
  })
  const saving = useMutation({
    mutationFn: () => {
      const { issuer, forget, client_secret, ...settings } = fields
      const body = { ...settings, scopes: provider?.scopes ?? ['openid', 'profile'], client_secret: forget ? '' : client_secret || null }
      return provider ? changeProvider(provider.provider_id, body) : addProvider({ ...body, issuer: issuer.trim() })
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: PROVIDERS })
      onClose()
    },
  })
  return (
    <FormDialog
      title={provider ? t('identities.providers.edit', { name: provider.name }) : t('identities.providers.add')}
      saving={saving}
      ready={fields.name.trim() !== '' && fields.issuer.trim() !== '' && fields.client_id.trim() !== ''}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <TextInput label={t('identities.providers.name')} description={t('identities.providers.nameHint')} maxLength={64} data-autofocus {...text('name')} />
      <TextInput
        label={t('identities.providers.issuer')}
        description={t('identities.providers.issuerHint')}
        placeholder="https://"
        maxLength={2000}
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        readOnly={provider !== undefined}
        {...text('issuer')}
      />
      <IssuerAnswer issuer={fields.issuer.trim()} known={provider?.redirect_uri} />
      <TextInput label={t('identities.providers.clientId')} maxLength={255} autoComplete="off" spellCheck={false} {...text('client_id')} />
      <PasswordInput
        label={t('identities.providers.secret')}
        description={provider?.has_secret ? t('identities.providers.secretKept') : t('identities.providers.secretHint')}
        maxLength={255}
        autoComplete="new-password"
        disabled={fields.forget}
        {...text('client_secret')}
      />
      {provider?.has_secret && <Checkbox label={t('identities.providers.forgetSecret')} {...flag('forget')} />}
      <Radio.Group
        label={t('identities.providers.secondFactor')}
        value={fields.second_factor}
        onChange={(value) => set({ second_factor: FACTORS.find((each) => each === value) ?? FACTORS[0] })}
      >
        <Stack gap="xs" mt="xs">
          {FACTORS.map((each) => (
            <Radio key={each} value={each} label={t(`identities.providers.factors.${each}`)} />
          ))}
        </Stack>
      </Radio.Group>
      <Checkbox label={t('identities.providers.enabled')} {...flag('enabled')} />
      <Checkbox label={t('identities.providers.shown')} disabled={!fields.enabled} {...flag('shown')} />
    </FormDialog>
  )
}

/** Whether the provider answers, and what is to be registered there. */
function IssuerAnswer({ issuer, known }: { readonly issuer: string; readonly known?: string }) {
  const { t } = useTranslation()
  const wordsOf = useWordsOfReason()
  const checking = useMutation({ mutationFn: () => checkIssuer(issuer) })
  const { data } = checking
  const address = data?.redirect_uri ?? known
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Button variant="default" size="compact-sm" disabled={!issuer} loading={checking.isPending} onClick={() => checking.mutate()}>
          {t('identities.providers.check')}
        </Button>
        {data && (
          <Text size="sm" role="status">
            {data.ok ? t('identities.providers.checked') : ((data.reason && wordsOf(data.reason)) ?? data.message)}
          </Text>
        )}
      </Group>
      <Refusal error={checking.error} />
      {address && <TextInput label={t('identities.providers.redirect')} description={t('identities.providers.redirectHint')} readOnly value={address} />}
    </Stack>
  )
}
