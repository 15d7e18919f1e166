/** Objects that their senders rejected (IHE RAD-66): hidden at every door, and restorable. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Rejection = components['schemas']['Rejection']

export const rejectionsQuery = (studyInstanceUid: string) =>
  queryOptions({
    queryKey: ['rejections', studyInstanceUid],
    queryFn: async ({ signal }) => {
      const params = { path: { study_instance_uid: studyInstanceUid } }
      return dataOf(await api.GET('/api/studies/{study_instance_uid}/rejections', { params, signal })).rejections
    },
  })

export async function restoreRejection(rejectionId: number): Promise<void> {
  dataOf(await api.POST('/api/rejections/{rejection_id}/restore', { params: { path: { rejection_id: rejectionId } } }))
}
