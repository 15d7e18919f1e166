/** What is known of those who send: how they write, and whose patient IDs they use. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Sender = Required<components['schemas']['Sender']>

export const sendersQuery = queryOptions({
  queryKey: ['senders'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/senders', { signal })).senders as Sender[],
})

/** A sender of whom nothing is said any more is forgotten. */
export async function putSender(sender: Sender): Promise<void> {
  dataOf(await api.PUT('/api/senders', { body: sender }))
}
