import { describe, expect, it } from 'vitest'

import type { Destruction } from '../../api/retention'
import { isOpen, stageOf } from './words'

const proposal = (counts: Record<string, number>, withdrawn_at: string | null = null) => ({ counts, withdrawn_at }) as unknown as Destruction

describe('where a proposal stands', () => {
  it.each([
    [{ proposed: 2 }, 'waiting'],
    [{ 'approved-once': 1 }, 'approvedOnce'],
    [{ approved: 1, destroyed: 4 }, 'approved'],
    [{ destroyed: 4 }, 'destroyed'],
    [{}, 'left'],
  ])('is told by its studies: %o', (counts, stage) => {
    expect(stageOf(proposal(counts as Record<string, number>))).toBe(stage)
  })

  it('is withdrawn only when nothing was destroyed before', () => {
    expect(stageOf(proposal({}, '2026-11-22'))).toBe('withdrawn')
    expect(stageOf(proposal({ destroyed: 1 }, '2026-11-22'))).toBe('destroyed')
    expect(isOpen(proposal({ destroyed: 1 }))).toBe(false)
    expect(isOpen(proposal({ proposed: 1 }))).toBe(true)
  })
})
