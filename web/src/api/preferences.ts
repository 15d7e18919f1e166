/**
 * What a reader prefers: one document per user, parts by name (shortcuts, own window presets, …). A change is seen at once and kept
 * by the server as soon as it can be; another window's change of another part is kept too.
 */
import { useMemo } from 'react'

import { createStore, useStore } from '../kit/store'
import { api, ApiError, dataOf } from './client'
import { connection } from './connection'

type Parts = Readonly<Record<string, unknown>>

interface Known {
  readonly user: string | undefined
  readonly revision: number
  readonly parts: Parts
}

const known = createStore<Known>({ user: undefined, revision: 0, parts: {} })
/** Parts changed here that the server does not have yet. */
const unsaved = createStore<Parts>({})
/** Whether the last attempt to keep them failed: a panel that changes preferences says so. */
export const preferencesLost = createStore(false)

let saving = false

/** Asks for the user's preferences; called when the reading room is entered. */
export async function loadPreferences(user: string): Promise<void> {
  if (known.get().user !== user) {
    known.set({ user, revision: 0, parts: {} })
    unsaved.set({})
  }
  try {
    const { revision, preferences } = dataOf(await api.GET('/api/reading/preferences'))
    if (known.get().user === user) known.set({ user, revision, parts: preferences })
  } catch {
    // Without them the defaults hold; the banner tells that the server is away.
  }
}

/** One part as it is now, checked by `read`; `read(undefined)` is the default. `read` must give the same value for the same part. */
export function usePreference<T>(name: string, read: (part: unknown) => T): T {
  const { parts } = useStore(known)
  const changed = useStore(unsaved)
  const part = name in changed ? changed[name] : parts[name]
  return useMemo(() => read(part), [read, part])
}

export function preference(name: string): unknown {
  const changed = unsaved.get()
  return name in changed ? changed[name] : known.get().parts[name]
}

/** Changes one part. */
export function keepPreference(name: string, part: unknown): void {
  unsaved.set((now) => ({ ...now, [name]: part }))
  void save()
}

/** Tells of every change of any part. */
export function watchPreferences(listener: () => void): () => void {
  const ends = [known.subscribe(listener), unsaved.subscribe(listener)]
  return () => ends.forEach((end) => end())
}

async function save(): Promise<void> {
  if (saving) return
  saving = true
  try {
    while (Object.keys(unsaved.get()).length > 0) await saveOnce()
    preferencesLost.set(false)
  } catch {
    preferencesLost.set(true)
  } finally {
    saving = false
  }
}

async function saveOnce(): Promise<void> {
  const { user, revision, parts } = known.get()
  const sent = unsaved.get()
  try {
    const body = { revision, preferences: { ...parts, ...sent } }
    const kept = dataOf(await api.PUT('/api/reading/preferences', { body }))
    known.set({ user, revision: kept.revision, parts: kept.preferences })
    unsaved.set((now) => Object.fromEntries(Object.entries(now).filter(([name, part]) => sent[name] !== part)))
  } catch (error) {
    // Changed in another window meanwhile: on top of what is there now.
    if (!(error instanceof ApiError) || (error.status !== 409 && error.status !== 412)) throw error
    const now = dataOf(await api.GET('/api/reading/preferences'))
    known.set({ user, revision: now.revision, parts: now.preferences })
  }
}

connection.subscribe(() => {
  if (connection.get() === 'here' && preferencesLost.get()) void save()
})
