import { describe, expect, it } from 'vitest'

import { idleness } from './attendance'

const MINUTE = 60_000

describe('how close the end of a session is', () => {
  it('is far while somebody works', () => {
    expect(idleness(29 * MINUTE - 1, 0, 30).state).toBe('working')
  })

  it('is announced in the last minute', () => {
    expect(idleness(29 * MINUTE, 0, 30)).toEqual({ state: 'warned', leftS: 60 })
    expect(idleness(30 * MINUTE - 1, 0, 30)).toEqual({ state: 'warned', leftS: 1 })
  })

  it('is announced in the second half of a very short time', () => {
    expect(idleness(MINUTE / 2 - 1, 0, 1).state).toBe('working')
    expect(idleness(MINUTE / 2, 0, 1)).toEqual({ state: 'warned', leftS: 30 })
  })

  it('has come', () => {
    expect(idleness(30 * MINUTE, 0, 30)).toEqual({ state: 'over', leftS: 0 })
  })

  it('begins anew with each touch', () => {
    expect(idleness(45 * MINUTE, 44 * MINUTE, 30).state).toBe('working')
  })
})
