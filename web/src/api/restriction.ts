/** Restricted patients, who cares for whom, breaking the glass and its review. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Restriction = components['schemas']['Restriction']
export type RestrictionKind = components['schemas']['NewRestriction']['kind']
export type CareRelationship = components['schemas']['CareRelationship']
export type Access = components['schemas']['Access']
export type BreakGlass = components['schemas']['BreakGlass']
export type Judgement = components['schemas']['Review']['judgement']

/** How soon an alarm is seen. */
const RENEW_MS = 10_000

export const restrictionsQuery = queryOptions({
  queryKey: ['restrictions'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/restrictions', { signal })).restrictions,
})

export const restrictionsOfQuery = (patientKey: number) =>
  queryOptions({
    queryKey: ['restrictions', patientKey],
    queryFn: async ({ signal }) =>
      dataOf(await api.GET('/api/patients/{patient_key}/restrictions', { params: { path: { patient_key: patientKey } }, signal })).restrictions,
  })

export const careOfQuery = (patientKey: number) =>
  queryOptions({
    queryKey: ['care-relationships', patientKey],
    queryFn: async ({ signal }) =>
      dataOf(await api.GET('/api/care-relationships', { params: { query: { patient_key: patientKey } }, signal })).care_relationships,
  })

export const carersQuery = queryOptions({
  queryKey: ['carers'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/carers', { signal })).carers,
})

export const accessReviewsQuery = (waiting: boolean) =>
  queryOptions({
    queryKey: ['access-reviews', waiting],
    queryFn: async ({ signal }) => dataOf(await api.GET('/api/access-reviews', { params: { query: { waiting } }, signal })).accesses,
    refetchInterval: RENEW_MS,
  })

export async function restrictPatient(patientKey: number, kind: RestrictionKind, reason: string): Promise<void> {
  const params = { path: { patient_key: patientKey } }
  dataOf(await api.POST('/api/patients/{patient_key}/restrictions', { params, body: { kind, reason } }))
}

export async function liftRestriction(restriction: Restriction, reason: string): Promise<void> {
  const params = { path: { patient_key: restriction.patient_key, restriction_id: restriction.restriction_id } }
  dataOf(await api.POST('/api/patients/{patient_key}/restrictions/{restriction_id}/lift', { params, body: { reason } }))
}

export async function beginCare(userId: number, patientKey: number, until: string): Promise<void> {
  dataOf(await api.POST('/api/care-relationships', { body: { user_id: userId, patient_key: patientKey, source: 'assigned', until } }))
}

export async function endCare(careId: number): Promise<void> {
  dataOf(await api.DELETE('/api/care-relationships/{care_id}', { params: { path: { care_id: careId } } }))
}

/** Until when it is open, ISO 8601. */
export async function breakGlass(body: BreakGlass): Promise<string> {
  return dataOf(await api.POST('/api/break-glass', { body })).until
}

export async function judgeAccess(glassId: number, judgement: Judgement, note: string): Promise<void> {
  dataOf(await api.POST('/api/access-reviews/{glass_id}', { params: { path: { glass_id: glassId } }, body: { judgement, note } }))
}
