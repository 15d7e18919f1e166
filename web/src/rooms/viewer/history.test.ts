import { describe, expect, it } from 'vitest'

import { createHistory } from './history'

function counted() {
  const value = { now: 0 }
  const set = (to: number) => {
    const from = value.now
    value.now = to
    return { undo: () => void (value.now = from), redo: () => void (value.now = to) }
  }
  return { value, set }
}

describe('the history of a study', () => {
  it('goes back and forth through the steps', () => {
    const history = createHistory()
    const { value, set } = counted()
    history.did(set(1))
    history.did(set(2))
    history.undo()
    expect(value.now).toBe(1)
    history.undo()
    expect([value.now, history.state.get()]).toEqual([0, { canUndo: false, canRedo: true }])
    history.redo()
    history.redo()
    history.redo()
    expect([value.now, history.state.get()]).toEqual([2, { canUndo: true, canRedo: false }])
  })

  it('remembers what was just done before it takes anything back', () => {
    const history = createHistory()
    const { value, set } = counted()
    history.did(set(1))
    const step = set(2)
    history.soon(() => history.did(step))
    history.undo()
    expect(value.now).toBe(1)
    history.redo()
    expect(value.now).toBe(2)
  })

  it('forgets what was undone when something new is done', () => {
    const history = createHistory()
    const { value, set } = counted()
    history.did(set(1))
    history.undo()
    history.did(set(5))
    history.redo()
    expect(value.now).toBe(5)
    history.undo()
    expect(value.now).toBe(0)
  })

  it('passes over what is not on the screen any more', () => {
    const history = createHistory()
    const { value, set } = counted()
    history.did(set(1))
    history.did({ undo: () => false, redo: () => false })
    history.undo()
    expect([value.now, history.state.get()]).toEqual([0, { canUndo: false, canRedo: true }])
    history.redo()
    expect(value.now).toBe(1)
  })

  it('takes steps of one kind within a moment for one step', () => {
    const clock = { ms: 0 }
    const history = createHistory(() => clock.ms)
    const { value, set } = counted()
    for (const to of [1, 2, 3]) history.did({ ...set(to), merge: 'zoom' })
    clock.ms = 5000
    history.did({ ...set(9), merge: 'zoom' })
    history.undo()
    expect(value.now).toBe(3)
    history.undo()
    expect(value.now).toBe(0)
    history.redo()
    expect(value.now).toBe(3)
  })
})
