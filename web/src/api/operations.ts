/** How nodes, storages, copies, queues and the other site are, what is wrong, and what institutions use. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type OperationsAlert = components['schemas']['OperationsAlert']
export type OperationsNode = components['schemas']['OperationsNode']
export type OperationsStorage = components['schemas']['OperationsStorage']
export type OperationsQueue = components['schemas']['OperationsQueue']
export type OperationsSite = components['schemas']['OperationsSite']
export type OperationsUse = components['schemas']['OperationsUse']

const RENEW_MS = 15_000

export const operationsQuery = queryOptions({
  queryKey: ['operations'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/operations', { signal })),
  refetchInterval: RENEW_MS,
})

/** The meter of the last days as a file. at: the server's now. */
export function meterAddress(days: number, at: string): string {
  const now = new Date(at)
  const first = new Date(now.getTime() - days * 86_400_000)
  const day = (date: Date) => date.toISOString().slice(0, 10)
  return `/api/metered-days/export?${new URLSearchParams({ first: day(first), last: day(now), as: 'csv' }).toString()}`
}
