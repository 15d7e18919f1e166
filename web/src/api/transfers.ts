/** Studies on their way to other archives. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Transfer = components['schemas']['TransferRow']

const RECENT = 50
const MOVING_MS = 1000
const QUIET_MS = 10_000

export const isMoving = (transfer: Transfer): boolean => transfer.state === 'waiting' || transfer.state === 'sending'

export const transfersQuery = queryOptions({
  queryKey: ['transfers'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/transfers', { params: { query: { limit: RECENT } }, signal })).transfers,
  refetchInterval: ({ state }) => (state.data?.some(isMoving) ? MOVING_MS : QUIET_MS),
  staleTime: 500,
})

/** Without series the whole study is sent. Returns the transfer's number. */
export async function sendStudy(studyInstanceUid: string, destinationId: number, series: readonly string[] = []): Promise<number> {
  const answer = await api.POST('/api/studies/{study_instance_uid}/send', {
    params: { path: { study_instance_uid: studyInstanceUid } },
    body: { destination_id: destinationId, series_instance_uids: [...series], sop_instance_uids: [] },
  })
  return dataOf(answer).transfer_id
}

export async function retryTransfer(transferId: number): Promise<void> {
  dataOf(await api.POST('/api/transfers/{transfer_id}/retry', { params: { path: { transfer_id: transferId } } }))
}
