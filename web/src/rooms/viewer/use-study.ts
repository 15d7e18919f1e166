/** The study on screen: opened with its first picture, then asked for again every few seconds while images are still arriving. */
import { queryOptions, useQuery } from '@tanstack/react-query'

import { api, dataOf } from '../../api/client'
import type { Study } from '../../api/types'
import { openStudy } from './opening'

const ARRIVING_MS = 3000
const QUIET_MS = 5000

export function studyQuery(studyInstanceUid: string) {
  return queryOptions({
    queryKey: ['study', studyInstanceUid],
    queryFn: async ({ signal, client, queryKey }): Promise<Study> => {
      if (client.getQueryData(queryKey) === undefined) return openStudy(studyInstanceUid, signal)
      return dataOf(
        await api.GET('/api/studies/{study_instance_uid}', { params: { path: { study_instance_uid: studyInstanceUid } }, signal }),
      )
    },
    refetchInterval: ({ state }) => (state.data?.state === 'arriving' ? ARRIVING_MS : QUIET_MS),
    staleTime: 1000,
  })
}

export function useStudy(studyInstanceUid: string) {
  return useQuery(studyQuery(studyInstanceUid))
}
