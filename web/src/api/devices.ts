/** Devices of an institution, their tests, and callers that were rejected. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Device = components['schemas']['Device']
export type NewDevice = Required<components['schemas']['NewDevice']>
export type RefusedCall = components['schemas']['RefusedCall']
export type FirstStore = components['schemas']['FirstStore']

/** institutionId undefined: one's own institution. */
const at = (deviceId: number, institutionId?: number) => ({ params: { path: { device_id: deviceId }, query: { institution_id: institutionId } } })
const inside = (institutionId?: number) => ({ params: { query: { institution_id: institutionId } } })

export const devicesQuery = (institutionId?: number) =>
  queryOptions({
    queryKey: ['devices', institutionId ?? 'own'],
    queryFn: async ({ signal }) => dataOf(await api.GET('/api/devices', { ...inside(institutionId), signal })).devices,
  })

export async function addDevice(body: NewDevice, institutionId?: number): Promise<Device> {
  return dataOf(await api.POST('/api/devices', { ...inside(institutionId), body }))
}

export async function changeDevice(deviceId: number, body: NewDevice, institutionId?: number): Promise<Device> {
  return dataOf(await api.PATCH('/api/devices/{device_id}', { ...at(deviceId, institutionId), body }))
}

export async function removeDevice(deviceId: number): Promise<void> {
  dataOf(await api.DELETE('/api/devices/{device_id}', at(deviceId)))
}

export async function echoDevice(deviceId: number, institutionId?: number) {
  return dataOf(await api.POST('/api/devices/{device_id}/echo', at(deviceId, institutionId)))
}

export const firstStoreQuery = (deviceId: number, institutionId?: number) =>
  queryOptions({
    queryKey: ['first-store', deviceId, institutionId ?? 'own'],
    queryFn: async ({ signal }) => dataOf(await api.GET('/api/devices/{device_id}/first-store', { ...at(deviceId, institutionId), signal })),
  })

export async function askFirstStore(deviceId: number, institutionId?: number): Promise<FirstStore> {
  return dataOf(await api.POST('/api/devices/{device_id}/first-store', at(deviceId, institutionId)))
}

export const refusedCallsQuery = queryOptions({
  queryKey: ['refused-calls'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/refused-calls', { ...inside(), signal })).refused_calls,
})

export async function forgetCall(refusedCallId: number): Promise<void> {
  dataOf(await api.DELETE('/api/refused-calls/{refused_call_id}', { params: { path: { refused_call_id: refusedCallId } } }))
}

export const ourTitleQuery = (institutionId?: number) =>
  queryOptions({
    queryKey: ['called-ae-title', institutionId ?? 'own'],
    queryFn: async ({ signal }) => dataOf(await api.GET('/api/called-ae-title', { ...inside(institutionId), signal })),
  })

export async function setOurTitle(aeTitle: string) {
  return dataOf(await api.PUT('/api/called-ae-title', { ...inside(), body: { ae_title: aeTitle } }))
}
