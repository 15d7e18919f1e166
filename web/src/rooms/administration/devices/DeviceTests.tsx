/** The two live tests of a device and what came of them. */
import { Button, Loader } from '@mantine/core'
import { useTimeout } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Device, firstStoreQuery } from '../../../api/devices'
import { Icon } from '../../../brand/Icon'
import { Mark } from '../../../frame/Facts'
import { Refusal, useWordsOfReason } from '../../../frame/Refusal'
import { readableMoment } from '../../../kit/dates'
import { syntaxName } from '../../../kit/transfer-syntaxes'
import classes from './Devices.module.css'
import type { DeviceTests } from './use-device-tests'

/** How often the page looks what arrived. */
const LOOK_MS = 1000
/** Listeners learn within this time that an object is waited for; what comes earlier is stored but not told. */
const READY_MS = 4000

interface DeviceTestProps {
  readonly device: Device
  readonly tests: DeviceTests
}

export function EchoButton({ device, tests }: DeviceTestProps) {
  const { t } = useTranslation()
  if (!device.host) return null
  return (
    <Button
      variant="default"
      size="compact-sm"
      leftSection={<Icon name="signal" size={16} />}
      loading={tests.echoing === device.device_id}
      onClick={() => tests.echo(device)}
      aria-label={t('manage.devices.echoNamed', { name: device.name })}
    >
      {t('manage.devices.echo')}
    </Button>
  )
}

export function FirstStoreButton({ device, tests }: DeviceTestProps) {
  const { t } = useTranslation()
  if (!device.may_store) return null
  return (
    <Button
      variant="default"
      size="compact-sm"
      leftSection={<Icon name="download" size={16} />}
      onClick={() => tests.waitForStore(device)}
      aria-label={t('manage.devices.firstStoreNamed', { name: device.name })}
    >
      {t('manage.devices.firstStore')}
    </Button>
  )
}

export function TestAnswers({ device, tests }: DeviceTestProps) {
  const { t } = useTranslation()
  const wordsOf = useWordsOfReason()
  const test = tests.of(device.device_id)
  const echo = test?.echo
  return (
    <div className={classes.answers} role="status">
      {echo?.ok && <Mark tone="good">{t('manage.devices.answers', { ms: echo.ms })}</Mark>}
      {echo && !echo.ok && (
        <span className={classes.silent}>
          <Icon name="warning" size={16} />
          {[t('manage.devices.silent'), echo.reason && (wordsOf(echo.reason) ?? echo.message)].filter(Boolean).join(' ')}
        </span>
      )}
      {test?.waits && <Awaited device={device} institutionId={tests.institutionId} />}
      <Refusal error={test?.error} />
    </div>
  )
}

/** Waits for the device's next object, and says what arrived. */
function Awaited({ device, institutionId }: { readonly device: Device; readonly institutionId: number | undefined }) {
  const { t } = useTranslation()
  const wordsOf = useWordsOfReason()
  const query = firstStoreQuery(device.device_id, institutionId)
  const { data, error } = useQuery({ ...query, refetchInterval: ({ state }) => (state.data?.state === 'arrived' ? false : LOOK_MS) })
  const [ready, setReady] = useState(false)
  useTimeout(() => setReady(true), READY_MS, { autoInvoke: true })
  const object = data?.object
  if (error) return <Refusal error={error} />
  if (data?.state !== 'arrived') {
    const reason = object?.outcome === 'refused' ? (wordsOf(object.reason) ?? object.message) : undefined
    const waiting = ready ? t('manage.devices.waiting') : t('manage.devices.preparing')
    return (
      <span className={classes.waiting} data-testid={ready ? 'first-store-waiting' : undefined}>
        <Loader size={14} />
        {reason ? t('manage.devices.waitingRefused', { reason }) : waiting}
      </span>
    )
  }
  if (!object) return null
  const facts = { syntax: syntaxName(object.transfer_syntax_uid), address: object.address, at: readableMoment(object.at) }
  return (
    <span className={classes.arrived} data-testid="first-store-arrived">
      <Mark tone="good">{object.encrypted ? t('manage.devices.arrivedTls', facts) : t('manage.devices.arrived', facts)}</Mark>
      {object.outcome === 'kept-aside' && <Mark tone="warning">{t('manage.devices.keptAside')}</Mark>}
      {object.warnings.length > 0 && <Mark tone="warning">{t('manage.devices.warnings', { warnings: object.warnings.join(', ') })}</Mark>}
      {object.study_instance_uid && institutionId === undefined && (
        <Link to="/studies/$studyInstanceUid" params={{ studyInstanceUid: object.study_instance_uid }} className={classes.link}>
          {t('manage.devices.openStudy')}
        </Link>
      )}
    </span>
  )
}
