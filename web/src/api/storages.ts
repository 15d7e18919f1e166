/** Where stored objects and their copies lie, and the policies that place them. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

type Schemas = components['schemas']
export type Storage = Schemas['Storage']
export type StorageAlarm = Schemas['Alarm']
export type StorageFinding = Schemas['Finding']
export type TriedStep = Schemas['TriedStep']
export type NewStorage = Pick<Schemas['NewStorage'], 'name' | 'url' | 'role'> & Partial<Schemas['NewStorage']>
export type StorageChange = Partial<Schemas['StorageChange']>
export type Policy = Schemas['Policy']
export type PolicyFields = Partial<Schemas['PolicyChange']> & Pick<Schemas['NewPolicy'], 'name' | 'storage_ids'>

const storage = (storageId: number) => ({ params: { path: { storage_id: storageId } } })
const policy = (policyId: number) => ({ params: { path: { policy_id: policyId } } })

export const storagesQuery = queryOptions({
  queryKey: ['storages'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/storages', { signal })),
  refetchInterval: 30_000,
})

export const policiesQuery = queryOptions({
  queryKey: ['placement-policies'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/placement-policies', { signal })).policies,
})

export async function addStorage(body: NewStorage): Promise<Storage> {
  return dataOf(await api.POST('/api/storages', { body: body as Schemas['NewStorage'] }))
}

export async function changeStorage(storageId: number, body: StorageChange): Promise<Storage> {
  return dataOf(await api.PATCH('/api/storages/{storage_id}', { ...storage(storageId), body: body as Schemas['StorageChange'] }))
}

export async function testStorage(storageId: number) {
  return dataOf(await api.POST('/api/storages/{storage_id}/test', storage(storageId)))
}

export async function verifyStorage(storageId: number): Promise<Storage> {
  return dataOf(await api.POST('/api/storages/{storage_id}/verify', storage(storageId)))
}

export async function retireStorage(storageId: number): Promise<Storage> {
  return dataOf(await api.POST('/api/storages/{storage_id}/retire', storage(storageId)))
}

export async function addPolicy(body: PolicyFields): Promise<Policy> {
  return dataOf(await api.POST('/api/placement-policies', { body: body as Schemas['NewPolicy'] }))
}

export async function changePolicy(policyId: number, body: PolicyFields): Promise<Policy> {
  return dataOf(await api.PATCH('/api/placement-policies/{policy_id}', { ...policy(policyId), body: body as Schemas['PolicyChange'] }))
}

export async function removePolicy(policyId: number): Promise<void> {
  dataOf(await api.DELETE('/api/placement-policies/{policy_id}', policy(policyId)))
}
