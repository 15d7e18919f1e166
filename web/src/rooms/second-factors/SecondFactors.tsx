/** One's own second factors: passkeys, an authenticator app, recovery codes. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { newRecoveryCodes, type OwnFactors, ownFactorsQuery, removeApp } from '../../api/sign-in'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { Dialog } from '../../frame/Dialog'
import { Refusal } from '../../frame/Refusal'
import { readableMoment } from '../../kit/dates'
import card from '../account/Account.module.css'
import { AppSetUp } from './AppSetUp'
import { Passkeys } from './Passkeys'
import { RecoveryCodes } from './RecoveryCodes'
import { useConfirmed } from './use-confirmed'

export function SecondFactors() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data: factors, error } = useQuery(ownFactorsQuery)
  const { confirmed, question } = useConfirmed()
  const [codes, setCodes] = useState<readonly string[]>([])
  const changed = () => queryClient.invalidateQueries({ queryKey: ownFactorsQuery.queryKey })
  return (
    <>
      <section className={card.card} aria-labelledby="passkeys">
        <h2 id="passkeys">{t('comingIn.passkeys.title')}</h2>
        <Refusal error={error} />
        {factors && <Passkeys factors={factors} confirmed={confirmed} onCodes={setCodes} />}
      </section>
      <section className={card.card} aria-labelledby="second-factor">
        <h2 id="second-factor">{t('comingIn.account.security')}</h2>
        {factors && (
          <Stack gap="lg">
            <Text size="sm" c="dimmed">
              {t(`comingIn.account.${factors.second_factor}`)}
            </Text>
            <App factors={factors} confirmed={confirmed} onCodes={setCodes} onChanged={changed} />
            <Codes factors={factors} confirmed={confirmed} onCodes={setCodes} onChanged={changed} />
          </Stack>
        )}
      </section>
      {question}
      {codes.length > 0 && (
        <Dialog title={t('comingIn.codes.title')} onClose={() => setCodes([])}>
          <RecoveryCodes codes={codes} done={t('comingIn.codes.close')} onDone={() => setCodes([])} />
        </Dialog>
      )}
    </>
  )
}

interface PartProps {
  readonly factors: OwnFactors
  readonly confirmed: ReturnType<typeof useConfirmed>['confirmed']
  readonly onCodes: (codes: readonly string[]) => void
  readonly onChanged: () => Promise<void>
}

function App({ factors, confirmed, onCodes, onChanged }: PartProps) {
  const { t } = useTranslation()
  const [open, setOpen] = useState<'set-up' | 'removal'>()
  const since = factors.authenticator_app_since
  const setUp = async (codes: readonly string[]) => {
    await onChanged()
    setOpen(undefined)
    onCodes(codes)
  }
  return (
    <Group justify="space-between">
      <div>
        <Text fw={600}>{t('comingIn.account.appTitle')}</Text>
        <Text size="sm" c="dimmed">
          {since ? t('comingIn.account.appSince', { at: readableMoment(since) }) : t('comingIn.account.appNone')}
        </Text>
      </div>
      <Group gap="xs">
        <Button variant="default" onClick={() => setOpen('set-up')}>
          {since ? t('comingIn.account.appReplace') : t('comingIn.account.appSetUp')}
        </Button>
        {since && (
          <Button variant="subtle" color="red" onClick={() => setOpen('removal')}>
            {t('common.remove')}
          </Button>
        )}
      </Group>
      {open === 'set-up' && (
        <Dialog title={t('comingIn.app.title')} onClose={() => setOpen(undefined)}>
          <AppSetUp confirmed={confirmed} onDone={(codes) => void setUp(codes)} />
        </Dialog>
      )}
      {open === 'removal' && (
        <ConfirmDialog
          title={t('comingIn.account.appRemoveTitle')}
          means={t('comingIn.account.appRemoveMeans')}
          confirm={t('common.remove')}
          act={() => confirmed(removeApp).then(onChanged)}
          onClose={() => setOpen(undefined)}
        />
      )}
    </Group>
  )
}

function Codes({ factors, confirmed, onCodes, onChanged }: PartProps) {
  const { t } = useTranslation()
  const [asked, setAsked] = useState(false)
  const left = factors.recovery_codes_left
  const any = left > 0 || factors.passkeys.length > 0 || factors.authenticator_app_since !== null
  const make = async () => {
    const codes = await confirmed(newRecoveryCodes)
    await onChanged()
    onCodes(codes)
  }
  return (
    <Group justify="space-between">
      <div>
        <Text fw={600}>{t('comingIn.account.codesTitle')}</Text>
        <Text size="sm" c="dimmed">
          {any ? t('comingIn.account.codesLeft', { count: left }) : t('comingIn.account.codesNone')}
        </Text>
      </div>
      {any && (
        <Button variant="default" onClick={() => setAsked(true)}>
          {t('comingIn.account.codesNew')}
        </Button>
      )}
      {asked && (
        <ConfirmDialog
          title={t('comingIn.account.codesNewTitle')}
          means={t('comingIn.account.codesNewMeans')}
          confirm={t('comingIn.account.codesNew')}
          danger={false}
          act={make}
          onClose={() => setAsked(false)}
        />
      )}
    </Group>
  )
}
