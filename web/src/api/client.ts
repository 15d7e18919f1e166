/** The one way to the server's API: typed by its OpenAPI, cookies of the same origin, and one place for 401 and lost connections. */
import createClient from 'openapi-fetch'

import { unattended } from '../kit/attendance'
import { createStore } from '../kit/store'
import { connectionLost, connectionWorks } from './connection'
import type { paths } from './schema'

/** Counts how often the server said that nobody is signed in; the root of the app watches it. */
export const signedOut = createStore(0)

/** Here 401 means a wrong password, code or passkey, not a lost session. */
const ASKS_FOR_PASSWORD = /^\/api\/(sign-in(\/.*)?|me\/(password|confirmation|passkeys|authenticator-app\/confirmation))$/

const UNREACHABLE = new Set([502, 503, 504])

/** fetch, but telling the connection what was seen. Also used for pixels and metadata. */
export async function watchedFetch(request: Request): Promise<Response> {
  if (unattended()) request.headers.set('X-Isocenter-Unattended', '1')
  let response: Response
  try {
    response = await fetch(request)
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) connectionLost()
    throw error
  }
  if (UNREACHABLE.has(response.status)) connectionLost()
  else connectionWorks()
  if (response.status === 401 && !ASKS_FOR_PASSWORD.test(new URL(request.url).pathname)) signedOut.set((count) => count + 1)
  return response
}

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  headers: { 'X-Isocenter': '1' },
  fetch: watchedFetch,
})

/** What the server refused, with its stable reason word. */
export class ApiError extends Error {
  readonly status: number
  readonly reason: string

  constructor(status: number, reason: string) {
    super(`${status} ${reason}`)
    this.name = 'ApiError'
    this.status = status
    this.reason = reason
  }
}

interface Answer<T> {
  readonly data?: T
  readonly error?: unknown
  readonly response: Response
}

/** The data of an answer, or an ApiError. */
export function dataOf<T>(answer: Answer<T>): T {
  if (answer.response.ok) return answer.data as T
  throw new ApiError(answer.response.status, reasonOf(answer.error))
}

export function reasonOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'error' in body) {
    const { error } = body as { error?: { reason?: unknown } }
    if (typeof error?.reason === 'string') return error.reason
  }
  return 'unknown'
}
