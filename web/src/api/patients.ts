/** Patients, their identifiers, and merging two that are one. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Patient = components['schemas']['Patient']
export type Merge = components['schemas']['Merge']

const MOST = 50

export const patientsQuery = (text: string) =>
  queryOptions({
    queryKey: ['patients', text],
    queryFn: async ({ signal }) => dataOf(await api.POST('/api/patients/search', { body: { text, limit: MOST }, signal })).patients,
    gcTime: 60_000,
  })

export const mergesQuery = queryOptions({
  queryKey: ['merges'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/merges', { signal })).merges,
})

/** All studies of one become the other's. */
export async function mergePatients(patientKey: number, intoPatientKey: number, reason: string): Promise<void> {
  const answer = await api.POST('/api/patients/{patient_key}/merge', {
    params: { path: { patient_key: patientKey } },
    body: { into_patient_key: intoPatientKey, reason },
  })
  dataOf(answer)
}

export async function undoMerge(mergeId: number): Promise<void> {
  dataOf(await api.POST('/api/merges/{merge_id}/undo', { params: { path: { merge_id: mergeId } } }))
}
