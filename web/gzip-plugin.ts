/** Writes x.gz beside every text file and WebAssembly module of the build, so that the server need not compress on the way. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const WORTH_IT = /\.(js|css|html|svg|wasm|json)$/
const SMALLEST = 1024

export function gzipped(): Plugin {
  let folder = ''
  return {
    name: 'isocenter-gzipped',
    apply: 'build',
    configResolved(config) {
      folder = config.build.outDir
    },
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        const path = join(folder, entry)
        if (!WORTH_IT.test(entry) || statSync(path).size < SMALLEST) continue
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }))
      }
    },
  }
}
