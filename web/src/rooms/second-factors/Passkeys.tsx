/** One's own passkeys. */
import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { addPasskey, type OwnFactors, ownFactorsQuery, type Passkey, removePasskey } from '../../api/sign-in'
import { Icon } from '../../brand/Icon'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { FormDialog } from '../../frame/FormDialog'
import { readableMoment } from '../../kit/dates'
import { passkeysHere } from '../../kit/webauthn'
import { Problem } from './Problem'
import classes from './SecondFactors.module.css'
import type { useConfirmed } from './use-confirmed'

interface PasskeysProps {
  readonly factors: OwnFactors
  readonly confirmed: ReturnType<typeof useConfirmed>['confirmed']
  readonly onCodes: (codes: readonly string[]) => void
}

export function Passkeys({ factors, confirmed, onCodes }: PasskeysProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [adding, setAdding] = useState(false)
  const [removed, setRemoved] = useState<Passkey>()
  const here = passkeysHere()
  const removal = async (passkey: Passkey) => {
    await confirmed(() => removePasskey(passkey.passkey_id))
    await queryClient.invalidateQueries({ queryKey: ownFactorsQuery.queryKey })
  }
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        {t('comingIn.passkeys.intro')}
      </Text>
      {factors.passkeys.length === 0 && <Text size="sm">{t('comingIn.passkeys.none')}</Text>}
      <ul className={classes.list}>
        {factors.passkeys.map((passkey) => (
          <PasskeyLine key={passkey.passkey_id} passkey={passkey} host={factors.host} onRemove={() => setRemoved(passkey)} />
        ))}
      </ul>
      <Group>
        <Button variant="default" leftSection={<Icon name="add" size={18} />} disabled={here !== 'possible'} onClick={() => setAdding(true)}>
          {t('comingIn.passkeys.add')}
        </Button>
        {here !== 'possible' && (
          <Text size="sm" c="dimmed">
            {t(`comingIn.passkeys.${here}`)}
          </Text>
        )}
      </Group>
      {adding && <NewPasskey confirmed={confirmed} onCodes={onCodes} onClose={() => setAdding(false)} />}
      {removed && (
        <ConfirmDialog
          title={t('comingIn.passkeys.removeTitle', { name: removed.label })}
          means={t('comingIn.passkeys.removeMeans')}
          confirm={t('common.remove')}
          act={() => removal(removed)}
          onClose={() => setRemoved(undefined)}
        />
      )}
    </Stack>
  )
}

function PasskeyLine({ passkey, host, onRemove }: { readonly passkey: Passkey; readonly host: string; readonly onRemove: () => void }) {
  const { t } = useTranslation()
  const facts = [
    t('comingIn.passkeys.made', { at: readableMoment(passkey.created_at) }),
    passkey.last_used_at ? t('comingIn.passkeys.used', { at: readableMoment(passkey.last_used_at) }) : t('comingIn.passkeys.neverUsed'),
    passkey.host === host ? undefined : t('comingIn.passkeys.elsewhere', { host: passkey.host }),
  ]
  return (
    <li className={classes.line} data-passkey>
      <span className={classes.what}>
        <strong>{passkey.label}</strong>
        <span className={classes.quiet}>{facts.filter(Boolean).join(' · ')}</span>
      </span>
      <Button variant="subtle" color="red" size="compact-sm" onClick={onRemove} aria-label={t('comingIn.passkeys.removeNamed', { name: passkey.label })}>
        {t('common.remove')}
      </Button>
    </li>
  )
}

function NewPasskey({ confirmed, onCodes, onClose }: Omit<PasskeysProps, 'factors'> & { readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [label, setLabel] = useState('')
  const saving = useMutation({
    mutationFn: () => confirmed(() => addPasskey(label.trim())),
    onSuccess: async (codes) => {
      await queryClient.invalidateQueries({ queryKey: ownFactorsQuery.queryKey })
      onClose()
      onCodes(codes)
    },
  })
  const refused = saving.error instanceof DOMException ? undefined : saving.error
  return (
    <FormDialog
      title={t('comingIn.passkeys.addTitle')}
      confirm={t('comingIn.passkeys.add')}
      ready={label.trim() !== ''}
      saving={{ isPending: saving.isPending, error: refused }}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <TextInput
        label={t('comingIn.passkeys.label')}
        description={t('comingIn.passkeys.labelHint')}
        maxLength={60}
        autoComplete="off"
        data-autofocus
        value={label}
        onChange={(event) => setLabel(event.currentTarget.value)}
      />
      {saving.error instanceof DOMException && <Problem error={saving.error} />}
    </FormDialog>
  )
}
