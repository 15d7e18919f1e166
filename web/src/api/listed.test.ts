import { describe, expect, it } from 'vitest'

import { listedFrom, placeInList } from './listed'
import type { StudyPage, StudyRow } from './types'

const page = (uids: readonly string[], next_cursor: string | null): StudyPage =>
  ({
    version: '',
    unchanged: false,
    count: 3,
    count_is_exact: true,
    next_cursor,
    studies: uids.map((study_instance_uid) => ({ study_instance_uid, patient_name: 'Li^Na', shared_by: null, restricted: false }) as unknown as StudyRow),
  }) as StudyPage

describe('the list a study was opened from', () => {
  it('tells what comes before and after, over pages, and holds no names', async () => {
    const first = listedFrom([page(['1', '2'], 'b')], () => Promise.resolve(page(['2', '3'], null)))
    expect(placeInList(first, '2')).toMatchObject({ position: 2, count: 3, previous: { study_instance_uid: '1' }, next: undefined })
    const whole = await first.more?.()
    expect(placeInList(whole, '2')?.next?.study_instance_uid).toBe('3')
    expect(placeInList(whole, '3')).toMatchObject({ position: 3, next: undefined })
    expect(whole?.more).toBeUndefined()
    expect(JSON.stringify(whole)).not.toContain('Li^Na')
  })

  it('says nothing of a study that is not on it', () => {
    expect(placeInList(undefined, '1')).toBeUndefined()
    expect(placeInList(listedFrom([page(['1'], null)], () => Promise.reject(new Error('no more'))), '9')).toBeUndefined()
  })
})
