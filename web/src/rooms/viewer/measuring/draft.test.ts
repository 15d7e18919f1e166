import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { Measurement } from '../../../measuring/measurement'
import { createDraft, type Door, Refusal } from './draft'

const one = (id: string, label = '') => ({ id, label }) as unknown as Measurement

/** A server that another window writes to as well. */
function aServer(measurements: Measurement[] = []) {
  const kept = { revision: measurements.length > 0 ? 1 : 0, measurements, down: false, saves: 0 }
  const reach = () => {
    if (kept.down) throw new TypeError('failed to fetch')
  }
  const door: Door = {
    read: async () => (reach(), { revision: kept.revision, measurements: kept.measurements }),
    keep: async (revision, mine) => {
      reach()
      if (revision !== kept.revision) throw new Refusal('changed', true)
      Object.assign(kept, { revision: revision + 1, measurements: [...mine], saves: kept.saves + 1 })
      return { revision: kept.revision }
    },
  }
  return { kept, door }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('a draft', () => {
  it('is read, and saved a moment after the last change', async () => {
    const { kept, door } = aServer([one('old')])
    const draft = createDraft(door)
    await vi.advanceTimersByTimeAsync(0)
    expect(draft.state.get()).toMatchObject({ saving: 'saved', measurements: [{ id: 'old' }] })
    draft.put('a', one('a', 'first'))
    draft.put('a', one('a', 'second'))
    draft.put('old', undefined)
    expect(draft.state.get().saving).toBe('saving')
    await vi.advanceTimersByTimeAsync(1000)
    expect(kept.measurements).toEqual([one('a', 'second')])
    expect([kept.saves, draft.state.get().saving]).toEqual([1, 'saved'])
  })

  it('stays here while the server is away, says so, and is saved when it is back', async () => {
    const { kept, door } = aServer()
    const draft = createDraft(door)
    await vi.advanceTimersByTimeAsync(0)
    kept.down = true
    draft.put('a', one('a'))
    await vi.advanceTimersByTimeAsync(2000)
    expect(draft.state.get()).toMatchObject({ saving: 'waiting', measurements: [{ id: 'a' }] })
    kept.down = false
    await vi.advanceTimersByTimeAsync(6000)
    expect([kept.measurements.length, draft.state.get().saving]).toEqual([1, 'saved'])
  })

  it('keeps what was drawn before the server could be read, beside what is there', async () => {
    const { kept, door } = aServer([one('there')])
    kept.down = true
    const draft = createDraft(door)
    draft.put('here', one('here'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(draft.state.get().saving).toBe('unread')
    kept.down = false
    await vi.advanceTimersByTimeAsync(6000)
    expect(kept.measurements.map(({ id }) => id)).toEqual(['there', 'here'])
  })

  it('is brought together with what another window saved', async () => {
    const { kept, door } = aServer([one('a')])
    const draft = createDraft(door)
    await vi.advanceTimersByTimeAsync(0)
    Object.assign(kept, { revision: 7, measurements: [one('a'), one('other window')] })
    draft.put('mine', one('mine'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(kept.measurements.map(({ id }) => id)).toEqual(['a', 'other window', 'mine'])
    expect(draft.state.get().saving).toBe('saved')
  })

  it('that the server does not take says why, and is not lost here', async () => {
    const { kept, door } = aServer()
    const draft = createDraft({ ...door, keep: () => Promise.reject(new Refusal('too-large', false)) })
    draft.put('a', one('a'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(draft.state.get()).toMatchObject({ saving: 'refused', reason: 'too-large', measurements: [{ id: 'a' }] })
    expect(kept.saves).toBe(0)
  })
})
