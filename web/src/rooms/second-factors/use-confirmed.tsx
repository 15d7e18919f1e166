/** Acts that change how the account is opened: the server may ask for the password again, and then the act goes on. */
import { Button, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { ApiError } from '../../api/client'
import { confirmWithPasskey, confirmWithPassword } from '../../api/sign-in'
import { FormDialog } from '../../frame/FormDialog'
import { passkeysHere } from '../../kit/webauthn'
import { Problem } from './Problem'

interface Waiting {
  readonly go: () => void
  readonly giveUp: () => void
}

interface Confirmed {
  readonly confirmed: <T>(act: () => Promise<T>) => Promise<T>
  readonly question: ReactNode
}

export function useConfirmed(): Confirmed {
  const [waiting, setWaiting] = useState<Waiting>()
  const confirmed = async <T,>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof ApiError && error.reason === 'confirmation-needed')) throw error
      await new Promise<void>((go, giveUp) => setWaiting({ go, giveUp: () => giveUp(error) })).finally(() => setWaiting(undefined))
      return act()
    }
  }
  return { confirmed, question: waiting && <ItIsYou onDone={waiting.go} onClose={waiting.giveUp} /> }
}

function ItIsYou({ onDone, onClose }: { readonly onDone: () => void; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const confirming = useMutation({ mutationFn: () => confirmWithPassword(password), onSuccess: onDone })
  const showing = useMutation({ mutationFn: confirmWithPasskey, onSuccess: onDone })
  return (
    <FormDialog
      title={t('comingIn.confirm.title')}
      confirm={t('comingIn.confirm.confirm')}
      ready={password !== ''}
      saving={confirming}
      onSubmit={() => confirming.mutate()}
      onClose={onClose}
    >
      <Text size="sm">{t('comingIn.confirm.intro')}</Text>
      <PasswordInput
        label={t('comingIn.confirm.password')}
        autoComplete="current-password"
        data-autofocus
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {passkeysHere() === 'possible' && (
        <Stack gap="xs">
          <Button variant="default" loading={showing.isPending} onClick={() => showing.mutate()}>
            {t('comingIn.confirm.passkey')}
          </Button>
          <Problem error={showing.error} />
        </Stack>
      )}
    </FormDialog>
  )
}
