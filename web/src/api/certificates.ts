/** Certificates of this node and of the devices of one's institution. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Certificate = components['schemas']['Certificate']
export type Issued = components['schemas']['Issued']

export const certificatesQuery = queryOptions({
  queryKey: ['certificates'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/certificates', { signal })),
})

export async function authorityPem(): Promise<string> {
  return dataOf(await api.GET('/api/certificates/authority')).pem
}

export async function issueCertificate(name: string, request: string, days: number): Promise<Issued> {
  return dataOf(await api.POST('/api/certificates', { body: { name, request, days } }))
}

export async function trustCertificate(certificate: string): Promise<void> {
  dataOf(await api.POST('/api/certificates/trusted', { body: { certificate } }))
}

export async function stopTrusting(fingerprint: string): Promise<void> {
  dataOf(await api.DELETE('/api/certificates/trusted/{fingerprint}', { params: { path: { fingerprint } } }))
}

export async function revokeCertificate(fingerprint: string): Promise<void> {
  dataOf(await api.POST('/api/certificates/{fingerprint}/revoke', { params: { path: { fingerprint } } }))
}
