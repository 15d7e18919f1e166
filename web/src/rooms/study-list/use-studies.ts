/** The studies that match, page by page, renewed every few seconds while the list is on screen. */
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo } from 'react'

import { connection } from '../../api/connection'
import type { StudyRow } from '../../api/types'
import { useStore } from '../../kit/store'
import { askStudies, bodyOf, type Search, studiesQuery } from './search'

const RENEW_MS = 3000

export function useStudies(search: Search) {
  const options = studiesQuery(search)
  const found = useInfiniteQuery(options)
  useLiveRenewal(search, found.isPlaceholderData ? undefined : found.data?.pages[0]?.version)
  const pages = found.data?.pages
  const studies = useMemo(() => unique((pages ?? []).flatMap((page) => page.studies ?? [])), [pages])
  return { ...found, studies, first: pages?.[0] }
}

/** A study that moved between pages while they were fetched is listed once. */
function unique(rows: readonly StudyRow[]): StudyRow[] {
  return [...new Map(rows.map((row) => [row.study_instance_uid, row])).values()]
}

/** Asks whether the first page is still current; if it is not, puts the new one in its place and fetches the others again. */
function useLiveRenewal(search: Search, version: string | undefined): void {
  const queryClient = useQueryClient()
  const here = useStore(connection) === 'here'
  const { queryKey } = studiesQuery(search)
  const { data: answer } = useQuery({
    queryKey: ['studies-renewal', search, version],
    queryFn: ({ signal }) => askStudies({ ...bodyOf(search, new Date()), known_version: version }, signal),
    enabled: version !== undefined,
    refetchInterval: here ? RENEW_MS : false,
    staleTime: RENEW_MS,
    gcTime: 0,
    retry: false,
  })
  useEffect(() => {
    if (!answer || answer.unchanged || answer.version === version) return
    const held = queryClient.getQueryData(queryKey)
    if (held && held.pages.length > 1) void queryClient.invalidateQueries({ queryKey })
    else queryClient.setQueryData(queryKey, { pages: [answer], pageParams: [null] })
    // The key follows from the search, which also makes a new answer.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [answer, version, queryClient])
}
