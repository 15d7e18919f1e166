/** How the two sites stand, and the drills with their evidence. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Sites = components['schemas']['Sites']
export type SiteLead = components['schemas']['SiteLead']
export type SiteComparison = components['schemas']['SiteComparison']
export type Drill = components['schemas']['Drill']

const RENEW_MS = 10_000

export const sitesQuery = queryOptions({
  queryKey: ['sites'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/sites', { signal })),
  refetchInterval: RENEW_MS,
})

export const drillsQuery = queryOptions({
  queryKey: ['drills'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/drills', { signal })),
})

/** The signed evidence of a drill as a file. */
export function evidenceAddress(drillId: string): string {
  return `/api/drills/${encodeURIComponent(drillId)}/evidence`
}
