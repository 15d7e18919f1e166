/** Undo and redo: one history for each study, of steps that know how to be taken back. View changes and measurements share it. */
import { createStore, type Store } from '../../kit/store'

export interface Step {
  /** Steps of the same kind on the same thing within a moment are one: turning a wheel, holding a key. */
  readonly merge?: string
  /** False: what it was done to is not on the screen any more; the step before it is taken back instead. */
  undo(): boolean | void
  redo(): boolean | void
}

export interface HistoryState {
  readonly canUndo: boolean
  readonly canRedo: boolean
}

export interface History {
  readonly state: Store<HistoryState>
  /** Remembers a step that has been done already. What was undone before is forgotten. */
  did(step: Step): void
  /** Calls this in a moment, when whoever is at work has had a turn; before anything is taken back in any case. */
  soon(remembering: () => void): void
  undo(): void
  redo(): void
}

const MOST_STEPS = 200
const MOMENT_MS = 800

export function createHistory(now: () => number = () => performance.now()): History {
  const state = createStore<HistoryState>({ canUndo: false, canRedo: false })
  let done: Step[] = []
  let undone: Step[] = []
  let last = -Infinity
  let waiting: (() => void)[] = []
  const settle = () => {
    const due = waiting
    waiting = []
    for (const remembering of due) remembering()
  }
  const tell = () => state.set({ canUndo: done.length > 0, canRedo: undone.length > 0 })
  const move = (from: Step[], to: Step[], how: 'undo' | 'redo') => {
    for (let step = from.pop(); step; step = from.pop()) {
      if (step[how]() === false) continue
      to.push(step)
      break
    }
    last = -Infinity
    tell()
  }
  return {
    state,
    did(step) {
      const before = done.at(-1)
      const together = step.merge !== undefined && before?.merge === step.merge && now() - last < MOMENT_MS
      last = now()
      undone = []
      if (together && before) done = [...done.slice(0, -1), { ...step, undo: () => before.undo() }]
      else done = [...done, step].slice(-MOST_STEPS)
      tell()
    },
    soon(remembering) {
      waiting.push(remembering)
      setTimeout(settle)
    },
    undo() {
      settle()
      move(done, undone, 'undo')
    },
    redo() {
      settle()
      move(undone, done, 'redo')
    },
  }
}

const histories = new Map<string, History>()

/** The history of a study; it lasts as long as the page. */
export function historyOf(studyInstanceUid: string): History {
  const known = histories.get(studyInstanceUid) ?? createHistory()
  histories.set(studyInstanceUid, known)
  return known
}
