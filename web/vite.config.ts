/** How the web client is built: hashed assets in dist/, nothing inline, nothing from other hosts. */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

import { cssPixels } from './css-pixels-plugin'
import { gzipped } from './gzip-plugin'

/** Where `npm run dev` finds a running Isocenter. */
const SERVER = 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react(), cssPixels(), gzipped()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 4000,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es' },
  optimizeDeps: {
    // Its workers and WebAssembly are found relative to the module, which pre-bundling would move.
    exclude: ['@cornerstonejs/dicom-image-loader'],
    include: ['dicom-parser', 'events'],
  },
  server: {
    proxy: Object.fromEntries(['/api', '/dicom-web', '/health'].map((path) => [path, SERVER])),
  },
})
