/** How long studies are kept, which the law keeps no longer, and their destruction. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type RetentionPolicy = components['schemas']['RetentionPolicy']
export type NewRetentionPolicy = components['schemas']['NewRetentionPolicy']
export type DueStudy = components['schemas']['DueStudy']
export type Destruction = components['schemas']['Destruction']
export type WholeDestruction = components['schemas']['WholeDestruction']
export type CertificateOfErasure = components['schemas']['CertificateOfErasure']

const KEY = 'retention'
/** How soon the decision of somebody else is seen. */
const RENEW_MS = 20_000

/** What every decision may have changed. */
export const retentionKey = [KEY] as const

export const policyQuery = queryOptions({
  queryKey: [KEY, 'policy'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/retention/policy', { signal })),
})

/** Those that are due, then those that only a legal hold keeps. */
export const dueStudiesQuery = queryOptions({
  queryKey: [KEY, 'due'],
  queryFn: async ({ signal }) => {
    const inState = async (state: 'due' | 'held') => dataOf(await api.GET('/api/retention/studies', { params: { query: { state } }, signal })).studies
    return [...(await inState('due')), ...(await inState('held'))]
  },
})

export const destructionsQuery = queryOptions({
  queryKey: [KEY, 'destructions'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/retention/destructions', { signal })),
  refetchInterval: RENEW_MS,
})

const of = (destructionId: number) => ({ params: { path: { destruction_id: destructionId } } })

export const destructionQuery = (destructionId: number) =>
  queryOptions({
    queryKey: [KEY, 'destructions', destructionId],
    queryFn: async ({ signal }) => dataOf(await api.GET('/api/retention/destructions/{destruction_id}', { ...of(destructionId), signal })),
    refetchInterval: RENEW_MS,
  })

export const certificateQuery = (recordId: number) =>
  queryOptions({
    queryKey: [KEY, 'certificates', recordId],
    queryFn: async ({ signal }) =>
      dataOf(await api.GET('/api/erasures/{record_id}/certificate', { params: { path: { record_id: recordId } }, signal })),
  })

export async function putPolicy(body: NewRetentionPolicy): Promise<RetentionPolicy> {
  return dataOf(await api.PUT('/api/retention/policy', { body }))
}

export async function confirmClock(): Promise<void> {
  dataOf(await api.POST('/api/retention/clock', {}))
}

/** How many studies became due. */
export async function lookForDue(): Promise<number> {
  return dataOf(await api.POST('/api/retention/look', {})).due
}

export async function propose(studyInstanceUids: readonly string[], reason: string): Promise<number> {
  return dataOf(await api.POST('/api/retention/destructions', { body: { study_instance_uids: [...studyInstanceUids], reason } })).destruction_id
}

export async function approve(destructionId: number): Promise<void> {
  dataOf(await api.POST('/api/retention/destructions/{destruction_id}/approve', of(destructionId)))
}

export async function withdraw(destructionId: number, reason: string): Promise<void> {
  dataOf(await api.POST('/api/retention/destructions/{destruction_id}/withdraw', { ...of(destructionId), body: { reason, study_instance_uids: [] } }))
}
