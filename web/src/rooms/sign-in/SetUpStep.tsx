/** Signed in but for the second factor that the institution requires: choose one, set it up, keep the recovery codes. */
import { Button, Modal, Stack, Text, UnstyledButton } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { addPasskey, startOver } from '../../api/sign-in'
import { Card } from '../../frame/Card'
import { passkeysHere } from '../../kit/webauthn'
import { AppSetUp } from '../second-factors/AppSetUp'
import { Problem } from '../second-factors/Problem'
import { RecoveryCodes } from '../second-factors/RecoveryCodes'
import classes from '../second-factors/SecondFactors.module.css'

interface SetUpStepProps {
  readonly onDone: () => void
  readonly onStartOver: () => void
}

export function SetUpStep({ onDone, onStartOver }: SetUpStepProps) {
  const { t } = useTranslation()
  const [withApp, setWithApp] = useState(false)
  const [codes, setCodes] = useState<readonly string[]>()
  const here = passkeysHere()
  const adding = useMutation({ mutationFn: () => addPasskey(t('comingIn.passkeys.label1')), onSuccess: setCodes })
  const leaving = useMutation({ mutationFn: startOver, onSuccess: onStartOver })
  const finished = (made: readonly string[]) => (made.length > 0 ? setCodes(made) : onDone())
  if (codes) {
    return (
      <Card title={t('comingIn.codes.title')}>
        <RecoveryCodes codes={codes} done={t('comingIn.setUp.finished')} onDone={onDone} />
      </Card>
    )
  }
  return (
    <Card title={t('comingIn.setUp.title')} intro={t('comingIn.setUp.intro')}>
      <Stack gap="md">
        <UnstyledButton className={classes.choice} disabled={here !== 'possible' || adding.isPending} onClick={() => adding.mutate()}>
          <strong>{t('comingIn.setUp.passkey')}</strong>
          <span className={classes.quiet}>{here === 'possible' ? t('comingIn.setUp.passkeyDetail') : t(`comingIn.passkeys.${here}`)}</span>
        </UnstyledButton>
        <UnstyledButton className={classes.choice} onClick={() => setWithApp(true)}>
          <strong>{t('comingIn.setUp.app')}</strong>
          <span className={classes.quiet}>{t('comingIn.setUp.appDetail')}</span>
        </UnstyledButton>
        <Problem error={adding.error} />
        <Button variant="subtle" color="gray" loading={leaving.isPending} onClick={() => leaving.mutate()}>
          {t('comingIn.steps.startOver')}
        </Button>
      </Stack>
      <Modal opened={withApp} onClose={() => setWithApp(false)} title={t('comingIn.app.title')} centered closeButtonProps={{ 'aria-label': t('common.close') }}>
        <AppSetUp onDone={finished} />
        <Text size="xs" c="dimmed" mt="sm">
          {t('comingIn.setUp.appDetail')}
        </Text>
      </Modal>
    </Card>
  )
}
