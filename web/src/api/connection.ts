/**
 * Whether the server answers. Lost when a request cannot be delivered (or a proxy says 502/504, or the server 503);
 * then a small question is repeated until an answer comes. What is on screen stays.
 */
import { createStore } from '../kit/store'

export type Connection = 'here' | 'lost'

const RETRY_MS = 1500

export const connection = createStore<Connection>('here')

let retrying = false

export function connectionLost(): void {
  connection.set('lost')
  if (retrying) return
  retrying = true
  setTimeout(retry, RETRY_MS)
}

export function connectionWorks(): void {
  connection.set('here')
}

async function retry(): Promise<void> {
  // Who am I: the smallest question that needs the whole server, its database too.
  const alive = await fetch('/api/me', { cache: 'no-store' })
    .then((response) => response.status < 500)
    .catch(() => false)
  if (alive) {
    retrying = false
    connectionWorks()
  } else {
    setTimeout(retry, RETRY_MS)
  }
}
