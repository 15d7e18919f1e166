/** What this is, and where a modality sends to. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'

export const aboutQuery = queryOptions({
  queryKey: ['about'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/about', { signal })),
  staleTime: Infinity,
  retry: false,
})
