/** Where people of the institution are signed in, for the security officer. */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { devicesQuery, endDevice, type SignedInDevice } from '../../api/sign-in'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { NameCell, Quiet } from '../../frame/Facts'
import { type Column, RecordList } from '../../frame/RecordList'
import { readableMoment } from '../../kit/dates'
import { useDeviceName, useMethodWords } from '../account/device-words'
import { AdministrationPage } from './AdministrationPage'

export function SignedInDevices() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery({ ...devicesQuery, refetchInterval: 10_000 })
  const [ended, setEnded] = useState<SignedInDevice>()
  const nameOf = (device: SignedInDevice) => device.display_name || device.username
  const end = async (device: SignedInDevice) => {
    await endDevice(device.sitting)
    await queryClient.invalidateQueries({ queryKey: devicesQuery.queryKey })
  }
  const endButton = (device: SignedInDevice) => (
    <Button
      variant="subtle"
      color="red"
      size="compact-sm"
      disabled={device.this}
      onClick={() => setEnded(device)}
      aria-label={t('comingIn.devices.endNamed', { name: nameOf(device) })}
    >
      {t('comingIn.devices.end')}
    </Button>
  )
  return (
    <AdministrationPage title={t('comingIn.devices.page')} intro={t('comingIn.devices.pageIntro')}>
      <RecordList
        name={t('comingIn.devices.page')}
        records={data}
        error={error}
        keyOf={(device) => device.sitting}
        nameOf={nameOf}
        textOf={(device) => `${device.display_name} ${device.username} ${device.address}`}
        columns={useColumns()}
        empty={{ title: t('comingIn.devices.none') }}
        acts={endButton}
      />
      {ended && (
        <ConfirmDialog
          title={t('comingIn.devices.endTitle', { name: nameOf(ended) })}
          means={t('comingIn.devices.endMeans')}
          confirm={t('comingIn.devices.end')}
          act={() => end(ended)}
          onClose={() => setEnded(undefined)}
        />
      )}
    </AdministrationPage>
  )
}

function useColumns(): readonly Column<SignedInDevice>[] {
  const { t } = useTranslation()
  const deviceName = useDeviceName()
  const methodOf = useMethodWords()
  return [
    {
      key: 'person',
      title: t('comingIn.devices.person'),
      cell: (device) => <NameCell name={device.display_name} detail={device.username} />,
      order: (device) => device.display_name,
    },
    { key: 'device', title: t('comingIn.devices.device'), cell: deviceName, order: deviceName },
    { key: 'address', title: t('comingIn.devices.address'), cell: (device) => <Quiet>{device.address}</Quiet>, order: (device) => device.address },
    { key: 'how', title: t('comingIn.devices.how'), cell: methodOf, order: methodOf },
    { key: 'began', title: t('comingIn.devices.began'), cell: (device) => readableMoment(device.created_at), order: (device) => device.created_at },
    { key: 'seen', title: t('comingIn.devices.seen'), cell: (device) => readableMoment(device.last_seen_at), order: (device) => device.last_seen_at },
  ]
}
