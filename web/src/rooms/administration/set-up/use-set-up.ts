/** How far the setting up of an institution is: read from what is there, so that the path goes on where it was left. */
import { useQuery } from '@tanstack/react-query'

import { type Device, devicesQuery, firstStoreQuery } from '../../../api/devices'
import { type InstitutionProgress, progressQuery } from '../../../api/institutions'
import { useMay } from '../../../frame/rights'

export const STEPS = ['institution', 'departments', 'administrator', 'device', 'echo', 'store'] as const
export type Step = (typeof STEPS)[number]

/** While a device is awaited. */
const LOOK_MS = 3000

export interface SetUp {
  readonly progress: InstitutionProgress | undefined
  readonly devices: readonly Device[]
  /** The device that the path tries: the first that was entered. */
  readonly device: Device | undefined
  readonly done: Readonly<Record<Step, boolean>>
  readonly count: number
  readonly error: unknown
}

export function useSetUp(institutionId: number): SetUp {
  const may = useMay()
  const asksDevices = may('manage-devices') || may('manage-region')
  const progress = useQuery({ ...progressQuery(institutionId), refetchInterval: LOOK_MS })
  const found = useQuery({ ...devicesQuery(institutionId), enabled: asksDevices, refetchInterval: LOOK_MS })
  const devices = found.data ?? []
  const device = devices.find((each) => each.last_seen_at !== null) ?? devices[0]
  const store = useQuery({ ...firstStoreQuery(device?.device_id ?? 0, institutionId), enabled: device !== undefined })
  const done = {
    institution: progress.data !== undefined,
    departments: (progress.data?.departments ?? 0) > 0,
    administrator: progress.data?.has_administrator ?? false,
    device: devices.length > 0,
    echo: devices.some((each) => each.last_seen_at !== null),
    store: store.data?.state === 'arrived',
  }
  return { progress: progress.data, devices, device, done, count: STEPS.filter((step) => done[step]).length, error: progress.error ?? found.error }
}
