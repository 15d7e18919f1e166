import { beforeEach, describe, expect, it, vi } from 'vitest'

const server = { revision: 0, preferences: {} as Record<string, unknown>, away: false, puts: 0 }

vi.mock('./connection', () => ({ connection: { subscribe: () => () => undefined, get: () => 'here' } }))
vi.mock('./client', () => {
  class ApiError extends Error {
    constructor(readonly status: number) {
      super()
    }
  }
  const answered = () => ({ revision: server.revision, preferences: server.preferences })
  return {
    ApiError,
    dataOf: (answer: { error?: Error; data?: unknown }) => {
      if (answer.error) throw answer.error
      return answer.data
    },
    api: {
      GET: async () => ({ data: answered() }),
      PUT: async (_: string, { body }: { body: { revision: number; preferences: Record<string, unknown> } }) => {
        server.puts += 1
        if (server.away) return { error: new Error('away') }
        if (body.revision !== server.revision) return { error: new ApiError(409) }
        server.revision += 1
        server.preferences = body.preferences
        return { data: answered() }
      },
    },
  }
})

const { keepPreference, loadPreferences, preference, preferencesLost } = await import('./preferences')

describe('preferences', () => {
  beforeEach(() => Object.assign(server, { revision: 3, preferences: { presets: ['mine'] }, away: false }))

  it('are those of the user, and none of the one before', async () => {
    await loadPreferences('lin')
    expect(preference('presets')).toEqual(['mine'])
    server.preferences = {}
    const loading = loadPreferences('chen')
    expect(preference('presets')).toBeUndefined()
    await loading
    expect(preference('presets')).toBeUndefined()
  })

  it('are seen at once, and kept on top of what another window changed', async () => {
    await loadPreferences('lin')
    server.revision = 9
    server.preferences = { presets: ['other window'] }
    keepPreference('shortcuts', { invert: ['J'] })
    expect(preference('shortcuts')).toEqual({ invert: ['J'] })
    await vi.waitFor(() => expect(server.preferences).toEqual({ presets: ['other window'], shortcuts: { invert: ['J'] } }))
    expect(preferencesLost.get()).toBe(false)
  })

  it('say when they could not be kept, and hold here meanwhile', async () => {
    await loadPreferences('lin')
    server.away = true
    keepPreference('shortcuts', { invert: ['K'] })
    await vi.waitFor(() => expect(preferencesLost.get()).toBe(true))
    expect(preference('shortcuts')).toEqual({ invert: ['K'] })
    server.away = false
    keepPreference('layout', 2)
    await vi.waitFor(() => expect(server.preferences).toEqual({ presets: ['mine'], shortcuts: { invert: ['K'] }, layout: 2 }))
  })
})
