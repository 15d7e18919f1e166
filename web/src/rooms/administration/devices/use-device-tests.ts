/** The live tests of devices that were begun on this page: C-ECHO from here, and waiting for a first object from there. */
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'

import { askFirstStore, type Device, echoDevice } from '../../../api/devices'

interface Test {
  readonly echo?: Awaited<ReturnType<typeof echoDevice>>
  readonly waits?: boolean
  readonly error?: unknown
}

export interface DeviceTests {
  readonly of: (deviceId: number) => Test | undefined
  readonly echoing: number | undefined
  readonly echo: (device: Device) => void
  readonly waitForStore: (device: Device) => void
  readonly institutionId: number | undefined
}

/** institutionId: whose devices; without it one's own. */
export function useDeviceTests(institutionId?: number): DeviceTests {
  const [tests, setTests] = useState<Readonly<Record<number, Test>>>({})
  const note = (deviceId: number, test: Test) => setTests((now) => ({ ...now, [deviceId]: { ...now[deviceId], error: undefined, ...test } }))
  const echoing = useMutation({
    mutationFn: (device: Device) => echoDevice(device.device_id, institutionId),
    onSuccess: (echo, device) => note(device.device_id, { echo }),
    onError: (error, device) => note(device.device_id, { echo: undefined, error }),
  })
  const asking = useMutation({
    mutationFn: (device: Device) => askFirstStore(device.device_id, institutionId),
    onSuccess: (_, device) => note(device.device_id, { waits: true }),
    onError: (error, device) => note(device.device_id, { error }),
  })
  return {
    of: (deviceId) => tests[deviceId],
    echoing: echoing.isPending ? echoing.variables.device_id : undefined,
    echo: echoing.mutate,
    waitForStore: asking.mutate,
    institutionId,
  }
}
