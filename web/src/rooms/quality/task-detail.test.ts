import { describe, expect, it } from 'vitest'

import { versionsOf } from './task-detail'

describe('the detail of a quality task', () => {
  it('gives two versions of what differs', () => {
    const detail = { attributes: { patient_id: { first: '1', found: '2' }, patient_sex: { first: null, found: 'F' } } }
    expect(versionsOf(detail)).toEqual({ first: { patient_id: '1', patient_sex: null }, found: { patient_id: '2', patient_sex: 'F' } })
  })

  it('may compare nothing', () => {
    expect(versionsOf({})).toBeUndefined()
    expect(versionsOf({ attributes: ['odd'] })).toBeUndefined()
    expect(versionsOf({ attributes: { odd: 1 } })).toBeUndefined()
  })
})
