/** Where the client starts. */
import '@mantine/core/styles.css'
import './theme/base.css'
import './i18n'

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './App'
import { watchTouches } from './kit/attendance'
import { watchSheets } from './kit/sheets'

watchTouches()
watchSheets()
const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}
