/** Who is signed in. */
import { queryOptions, useQuery } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { Me } from './types'

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/me', { signal })),
  staleTime: 5 * 60_000,
})

export function useMe(): Me | undefined {
  return useQuery(meQuery).data
}
