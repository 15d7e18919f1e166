/** Other studies of the same person. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'

export function priorsQuery(studyInstanceUid: string) {
  return queryOptions({
    queryKey: ['priors', studyInstanceUid],
    queryFn: async ({ signal }) => {
      const path = { study_instance_uid: studyInstanceUid }
      return dataOf(await api.GET('/api/studies/{study_instance_uid}/priors', { params: { path }, signal }))
    },
    staleTime: 60_000,
  })
}
