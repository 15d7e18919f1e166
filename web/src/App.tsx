/** The whole client: theme, server data, addresses. */
import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'

import { NONCE } from './kit/nonce'
import { useStore } from './kit/store'
import { queryClient } from './query-client'
import { router } from './routes'
import { room } from './room'
import { cssVariables, theme } from './theme/mantine'

export function App() {
  const scheme = useStore(room) === 'reading' ? 'dark' : 'light'
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} forceColorScheme={scheme} getStyleNonce={() => NONCE}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  )
}
