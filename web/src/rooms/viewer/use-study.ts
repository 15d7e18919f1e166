/** The study on screen: opened with its first picture, then asked for again every few seconds while images are still arriving. */
import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query'

import { api, ApiError, dataOf } from '../../api/client'
import type { Study } from '../../api/types'
import { forgetOpening, isAhead, openStudy } from './opening'

const ARRIVING_MS = 3000
const QUIET_MS = 5000

export function studyQuery(studyInstanceUid: string) {
  return queryOptions({
    queryKey: ['study', studyInstanceUid],
    queryFn: async ({ signal, client, queryKey }): Promise<Study> => {
      if (client.getQueryData(queryKey) === undefined) {
        if (isAhead(studyInstanceUid)) void sayOpened(studyInstanceUid, client)
        return openStudy(studyInstanceUid, signal)
      }
      return dataOf(
        await api.GET('/api/studies/{study_instance_uid}', { params: { path: { study_instance_uid: studyInstanceUid } }, signal }),
      )
    },
    refetchInterval: ({ state }) => (state.data?.state === 'arriving' ? ARRIVING_MS : QUIET_MS),
    staleTime: 1000,
  })
}

/**
 * A study that was fetched ahead is shown at once; the server is told that it is open now by asking for it, which says too whether it
 * may still be seen and what it has become. When the server is away it is asked again, as every study on screen is.
 */
async function sayOpened(studyInstanceUid: string, client: QueryClient): Promise<void> {
  const { queryKey } = studyQuery(studyInstanceUid)
  try {
    const params = { path: { study_instance_uid: studyInstanceUid } }
    const study = dataOf(await api.GET('/api/studies/{study_instance_uid}', { params, keepalive: true }))
    client.setQueryData(queryKey, study)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) return
    client.removeQueries({ queryKey: ['frames', studyInstanceUid] })
    forgetOpening(studyInstanceUid)
    await client.resetQueries({ queryKey, exact: true })
  }
}

export function useStudy(studyInstanceUid: string) {
  return useQuery(studyQuery(studyInstanceUid))
}
