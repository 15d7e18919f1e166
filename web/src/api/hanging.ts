/** Hanging protocols as they are kept: one's own, the department's, the institution's. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type KeptHanging = components['schemas']['HangingProtocol']
export type HangingScope = KeptHanging['scope']

export const hangingsQuery = queryOptions({
  queryKey: ['hanging-protocols'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/hanging-protocols', { signal })),
  staleTime: 5 * 60_000,
})

interface NamedDocument {
  readonly name: string
  readonly document: Record<string, unknown>
}

export async function addHanging(scope: HangingScope, { name, document }: NamedDocument): Promise<KeptHanging> {
  return dataOf(await api.POST('/api/hanging-protocols', { body: { scope, name, document } }))
}

export async function changeHanging(kept: KeptHanging, { name, document }: NamedDocument): Promise<KeptHanging> {
  const path = { hanging_protocol_id: kept.hanging_protocol_id }
  return dataOf(await api.PUT('/api/hanging-protocols/{hanging_protocol_id}', { params: { path }, body: { revision: kept.revision, name, document } }))
}

export async function removeHanging(kept: KeptHanging): Promise<void> {
  const params = { path: { hanging_protocol_id: kept.hanging_protocol_id }, query: { revision: kept.revision } }
  dataOf(await api.DELETE('/api/hanging-protocols/{hanging_protocol_id}', { params }))
}
