/** Hands the list on screen to whoever opens a study from it. */
import { useEffect } from 'react'

import { listed, listedFrom } from '../../api/listed'
import type { StudyPage } from '../../api/types'
import { queryClient } from '../../query-client'
import { askStudies, bodyOf, type Search } from './search'

interface Shown {
  readonly data: { readonly pages: readonly StudyPage[] } | undefined
  readonly isPlaceholderData: boolean
}

export function useListed(search: Search, { data, isPlaceholderData }: Shown): void {
  useEffect(() => {
    if (!data || isPlaceholderData) return
    listed.set(listedFrom(data.pages, (cursor) => askStudies({ ...bodyOf(search, new Date()), cursor })))
  }, [search, data, isPlaceholderData])
}

queryClient.getQueryCache().subscribe(({ type, query }) => {
  if (type === 'removed' && query.queryKey[0] === 'me') listed.set(undefined)
})
