/** How server data is kept: errors that will not mend are not asked again, and a returning server refreshes everything. */
import { QueryClient } from '@tanstack/react-query'

import { ApiError } from './api/client'
import { connection } from './api/connection'

function willNotMend(error: unknown): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => !willNotMend(error) && failures < 2,
      retryDelay: 800,
      refetchOnWindowFocus: false,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

let before = connection.get()
connection.subscribe(() => {
  const now = connection.get()
  if (before === 'lost' && now === 'here') void queryClient.invalidateQueries()
  before = now
})
