import { describe, expect, it } from 'vitest'

import { en } from '../../i18n/en'
import { zhCN } from '../../i18n/zh-CN'
import { detailsOf, exactMoment, NOTHING_ASKED, searchOf } from './audit-search'

describe('what the auditor asks', () => {
  it('is everything when nothing is typed', () => {
    expect(searchOf(NOTHING_ASKED)).toEqual({ since: null, until: null, who: '', study_instance_uid: '', patient_id: '', actions: [], failed: false })
  })

  it('takes the last day whole, in the time of the reader', () => {
    const search = searchOf({ ...NOTHING_ASKED, since: '2026-03-01', until: '2026-03-01' })
    expect(new Date(search.until ?? '').getTime() - new Date(search.since ?? '').getTime()).toBe(86_400_000)
    expect(exactMoment(search.since ?? '')).toBe('2026-03-01 00:00:00')
  })

  it('ignores spaces around what was pasted, and days that are none', () => {
    const search = searchOf({ ...NOTHING_ASKED, patient: ' P-1 ', who: ' ada', since: 'yesterday', action: 'queried' })
    expect(search).toMatchObject({ patient_id: 'P-1', who: 'ada', since: null, actions: ['queried'] })
  })

  it('shows details as they are', () => {
    const event = { detail: { keys: ['00100020'], door: 'web', ae_title: 'CT1' } } as unknown as Parameters<typeof detailsOf>[0]
    expect(detailsOf(event)).toEqual([
      ['keys', '["00100020"]'],
      ['door', 'web'],
      ['ae title', 'CT1'],
    ])
  })
})

it('every action has words in both languages', () => {
  expect(Object.keys(zhCN.audit.done).sort()).toEqual(Object.keys(en.audit.done).sort())
})
