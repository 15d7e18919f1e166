/**
 * The reader's measurements of one study: kept in memory as they are drawn, and on the server a moment later.
 * What cannot be saved stays here and is tried again; what another window of the same reader saved meanwhile is brought together.
 */
import type { Measurement } from '../../../measuring/measurement'
import { merged } from '../../../measuring/merge'
import { createStore, type Store } from '../../../kit/store'

/** unread: what the server has is not known yet. waiting: the server cannot be reached. refused: it does not take this. */
export type Saving = 'unread' | 'saved' | 'saving' | 'waiting' | 'refused'

export interface DraftState {
  readonly measurements: readonly Measurement[]
  readonly saving: Saving
  /** Why it was refused, as the server says. */
  readonly reason: string | undefined
}

export interface Kept {
  readonly revision: number
  readonly measurements: readonly Measurement[]
}

/** The way to the server. Throws a Refusal; anything else that is thrown means that it cannot be reached. */
export interface Door {
  read(): Promise<Kept>
  keep(revision: number, measurements: readonly Measurement[]): Promise<{ readonly revision: number }>
}

export class Refusal extends Error {
  /** True when the draft on the server is a newer one. */
  readonly changed: boolean
  readonly reason: string

  constructor(reason: string, changed: boolean) {
    super(reason)
    this.name = 'Refusal'
    this.reason = reason
    this.changed = changed
  }
}

export interface Draft {
  readonly state: Store<DraftState>
  /** Puts a measurement in place of the one with this id; undefined takes it away. */
  put(id: string, measurement: Measurement | undefined): void
  /** Saves now what is waiting to be saved. */
  flush(): Promise<void>
}

const MOMENT_MS = 600
const AGAIN_MS = 5000

export function createDraft(door: Door): Draft {
  const state = createStore<DraftState>({ measurements: [], saving: 'unread', reason: undefined })
  const server = { base: [] as readonly Measurement[], revision: 0, read: false }
  let [timer, running]: [ReturnType<typeof setTimeout> | undefined, boolean] = [undefined, false]

  const say = (saving: Saving, reason?: string) => state.set((now) => ({ ...now, saving, reason }))
  const take = ({ revision, measurements }: Kept) => {
    const mine = merged(server.base, state.get().measurements, measurements)
    Object.assign(server, { base: measurements, revision, read: true })
    state.set((now) => ({ ...now, measurements: mine }))
  }
  const isDirty = () => JSON.stringify(state.get().measurements) !== JSON.stringify(server.base)
  const soon = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => void save(), ms)
  }
  const once = async (): Promise<void> => {
    if (!server.read) take(await door.read())
    if (!isDirty()) return say('saved')
    say('saving')
    const sent = state.get().measurements
    const { revision } = await door.keep(server.revision, sent)
    Object.assign(server, { base: sent, revision })
    if (isDirty()) soon(0)
    else say('saved')
  }
  const failed = (error: unknown): void => {
    if (!(error instanceof Refusal)) {
      say(server.read ? 'waiting' : 'unread')
      soon(AGAIN_MS)
    } else if (error.changed) {
      server.read = false
      soon(0)
    } else say('refused', error.reason)
  }
  const save = async (): Promise<void> => {
    clearTimeout(timer)
    if (running) return
    running = true
    await once().catch(failed)
    running = false
  }
  void save()
  return {
    state,
    put(id, measurement) {
      state.set((now) => ({
        ...now,
        measurements: replaced(now.measurements, id, measurement),
        saving: now.saving === 'saved' || now.saving === 'refused' ? 'saving' : now.saving,
      }))
      soon(MOMENT_MS)
    },
    flush: save,
  }
}

function replaced(all: readonly Measurement[], id: string, measurement: Measurement | undefined): readonly Measurement[] {
  if (measurement === undefined) return all.filter((one) => one.id !== id)
  return all.some((one) => one.id === id) ? all.map((one) => (one.id === id ? measurement : one)) : [...all, measurement]
}
