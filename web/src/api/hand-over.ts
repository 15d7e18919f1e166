/** Handing a view to one's other device: ten minutes, the same person. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type HandOver = components['schemas']['HandOver']

export async function handOver(studyInstanceUid: string, view: Record<string, unknown>): Promise<HandOver> {
  return dataOf(await api.POST('/api/reading/hand-over', { body: { study_instance_uid: studyInstanceUid, view } }))
}

export function handedOverQuery(id: string) {
  return queryOptions({
    queryKey: ['handed-over', id],
    queryFn: async ({ signal }) =>
      dataOf(await api.GET('/api/reading/hand-over/{hand_over_id}', { params: { path: { hand_over_id: id } }, signal })),
    gcTime: 0,
    retry: false,
  })
}
