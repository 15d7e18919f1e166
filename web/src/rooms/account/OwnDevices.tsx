/** Where one is signed in oneself, and signing out from afar. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { endOwnDevice, endOwnOtherDevices, ownDevicesQuery, type SignedInDevice } from '../../api/sign-in'
import { Refusal } from '../../frame/Refusal'
import { readableMoment } from '../../kit/dates'
import classes from '../second-factors/SecondFactors.module.css'
import card from './Account.module.css'
import { useDeviceName, useMethodWords } from './device-words'

export function OwnDevices() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data: devices, error } = useQuery(ownDevicesQuery)
  const ending = useMutation({
    mutationFn: (sitting?: string) => (sitting ? endOwnDevice(sitting) : endOwnOtherDevices()),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ownDevicesQuery.queryKey }),
  })
  return (
    <section className={card.card} aria-labelledby="devices">
      <h2 id="devices">{t('comingIn.devices.title')}</h2>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('comingIn.devices.intro')}
        </Text>
        <Refusal error={error ?? ending.error} />
        <ul className={classes.list}>
          {devices?.map((device) => (
            <DeviceLine key={device.sitting} device={device} busy={ending.isPending} onEnd={() => ending.mutate(device.sitting)} />
          ))}
        </ul>
        {devices && devices.length > 1 && (
          <Group>
            <Button variant="default" loading={ending.isPending} onClick={() => ending.mutate(undefined)}>
              {t('comingIn.devices.endOthers')}
            </Button>
          </Group>
        )}
      </Stack>
    </section>
  )
}

interface DeviceLineProps {
  readonly device: SignedInDevice
  readonly busy: boolean
  readonly onEnd: () => void
}

function DeviceLine({ device, busy, onEnd }: DeviceLineProps) {
  const { t } = useTranslation()
  const nameOf = useDeviceName()
  const methodOf = useMethodWords()
  const facts = [
    device.this ? t('comingIn.devices.this') : t('comingIn.devices.lastSeen', { at: readableMoment(device.last_seen_at) }),
    t('comingIn.devices.since', { at: readableMoment(device.created_at) }),
    methodOf(device),
    device.address,
  ]
  return (
    <li className={classes.line} data-device>
      <span className={classes.what}>
        <strong>{nameOf(device)}</strong>
        <span className={classes.quiet}>{facts.filter(Boolean).join(' · ')}</span>
      </span>
      {!device.this && (
        <Button variant="subtle" color="red" size="compact-sm" disabled={busy} onClick={onEnd} aria-label={t('comingIn.devices.endNamed', { name: nameOf(device) })}>
          {t('comingIn.devices.end')}
        </Button>
      )}
    </li>
  )
}
