/** Devices of one's institution: who may call, live tests, and callers that were rejected. */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Device, devicesQuery, type NewDevice, removeDevice } from '../../../api/devices'
import { Icon } from '../../../brand/Icon'
import { ConfirmDialog } from '../../../frame/ConfirmDialog'
import { Mark, Mono, NameCell, Quiet } from '../../../frame/Facts'
import { ListFiles } from '../../../frame/ListFiles'
import { type Column, RecordList } from '../../../frame/RecordList'
import { readableMoment } from '../../../kit/dates'
import { AdministrationPage } from '../AdministrationPage'
import { DeviceForm } from './DeviceForm'
import { EchoButton, FirstStoreButton, TestAnswers } from './DeviceTests'
import { OurAddress } from './OurAddress'
import { RefusedCalls } from './RefusedCalls'
import { useDeviceTests } from './use-device-tests'

/** How often the list looks whether a device was here; calls are told to the database within seconds. */
const LOOK_MS = 5000

export function Devices() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery({ ...devicesQuery(), refetchInterval: LOOK_MS })
  const [edited, setEdited] = useState<Device | Partial<NewDevice>>()
  const [removed, setRemoved] = useState<Device>()
  const tests = useDeviceTests()
  const answers = (device: Device) => tests.of(device.device_id) && <TestAnswers device={device} tests={tests} />
  const acts = (device: Device) => (
    <>
      <EchoButton device={device} tests={tests} />
      <FirstStoreButton device={device} tests={tests} />
      <Button
        variant="subtle"
        color="red"
        size="compact-sm"
        onClick={() => setRemoved(device)}
        aria-label={t('manage.devices.removeNamed', { name: device.name })}
      >
        {t('common.remove')}
      </Button>
    </>
  )
  return (
    <AdministrationPage
      title={t('manage.devices.title')}
      intro={t('manage.devices.intro')}
      actions={
        <Button leftSection={<Icon name="add" size={18} />} onClick={() => setEdited({})}>
          {t('manage.devices.add')}
        </Button>
      }
    >
      <OurAddress />
      <RecordList
        name={t('manage.devices.title')}
        records={data}
        error={error}
        keyOf={(device) => device.device_id}
        nameOf={(device) => device.name}
        textOf={(device) => [device.name, device.ae_title, device.modality, device.room, device.host, ...device.networks].join(' ')}
        columns={useColumns()}
        empty={{ title: t('manage.devices.none'), detail: t('manage.devices.noneDetail') }}
        onOpen={setEdited}
        acts={acts}
        below={answers}
        tools={<ListFiles list="devices" />}
      />
      <RefusedCalls onMake={setEdited} />
      {edited && <DeviceForm device={edited} onClose={() => setEdited(undefined)} />}
      {removed && (
        <ConfirmDialog
          title={t('manage.devices.removeTitle', { name: removed.name })}
          means={t('manage.devices.removeMeans')}
          confirm={t('common.remove')}
          act={async () => {
            await removeDevice(removed.device_id)
            await queryClient.invalidateQueries({ queryKey: ['devices'] })
          }}
          onClose={() => setRemoved(undefined)}
        />
      )}
    </AdministrationPage>
  )
}

function useColumns(): readonly Column<Device>[] {
  const { t } = useTranslation()
  return [
    {
      key: 'name',
      title: t('manage.devices.device'),
      cell: (device) => <NameCell name={device.name} detail={<Mono>{device.ae_title}</Mono>} />,
      order: (device) => device.name,
    },
    {
      key: 'place',
      title: t('manage.devices.place'),
      cell: (device) => [device.modality, device.room].filter(Boolean).join(' · '),
      order: (device) => device.modality,
    },
    {
      key: 'from',
      title: t('manage.devices.comesFrom'),
      cell: (device) => (
        <>
          <Mono>{device.networks.length > 0 ? device.networks.join(', ') : device.certificate && !device.plain_allowed ? '' : t('manage.devices.anywhere')}</Mono>
          {device.certificate && <Mark tone="good">{t('manage.devices.bound')}</Mark>}
        </>
      ),
    },
    {
      key: 'seen',
      title: t('manage.devices.lastSeen'),
      cell: (device) => <LastSeen device={device} />,
      order: (device) => device.last_seen_at,
    },
  ]
}

function LastSeen({ device }: { readonly device: Device }) {
  const { t } = useTranslation()
  if (!device.active) return <Mark tone="quiet">{t('manage.devices.off')}</Mark>
  if (!device.last_seen_at) return <Quiet>{t('manage.devices.never')}</Quiet>
  return (
    <>
      {readableMoment(device.last_seen_at)}
      <Quiet>{[device.last_address, device.last_encrypted && t('manage.devices.withTls')].filter(Boolean).join(' · ')}</Quiet>
    </>
  )
}
