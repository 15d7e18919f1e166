/** The audit trail: searched in a body, because patient IDs never stand in addresses. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'

import { api, ApiError, dataOf, watchedFetch } from './client'
import type { components } from './schema'

export type AuditEvent = components['schemas']['AuditEvent']
export type AuditSearch = components['schemas']['AuditSearch']
export type AuditState = components['schemas']['AuditState']

const PAGE = 50

export const auditStateQuery = queryOptions({
  queryKey: ['audit-state'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/audit/state', { signal })),
})

/** Each first page is recorded on the server: it is asked for when somebody presses Search, and never by itself. */
export const auditEventsQuery = (search: AuditSearch) =>
  infiniteQueryOptions({
    queryKey: ['audit-events', search],
    queryFn: async ({ pageParam, signal }) => dataOf(await api.POST('/api/audit/search', { body: { ...search, before: pageParam, limit: PAGE }, signal })),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next_before,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })

export async function exportAudit(search: AuditSearch): Promise<Blob> {
  const request = new Request('/api/audit/export', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Isocenter': '1' },
    body: JSON.stringify(search),
  })
  const response = await watchedFetch(request)
  if (!response.ok) throw new ApiError(response.status, 'unknown')
  return response.blob()
}
