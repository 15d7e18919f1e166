import { describe, expect, it } from 'vitest'

import { applyTable, readTable } from './lut'

const nothing = () => Promise.reject(new Error('not asked'))

describe('a look-up table', () => {
  it('maps values outside its range to its ends', async () => {
    const item = { '00283002': { vr: 'US', Value: [3, 10, 16] }, '00283006': { vr: 'US', Value: [5, 6, 7] } }
    const table = await readTable(item, false, nothing)
    expect(table && [...applyTable([0, 10, 11, 12, 99], table)]).toEqual([5, 5, 6, 7, 7])
  })

  it('reads its first value as signed where the pixels are', async () => {
    const item = { '00283002': { vr: 'US', Value: [2, 65535, 8] }, '00283006': { vr: 'OW', InlineBinary: btoa('\x01\x02') } }
    const table = await readTable(item, true, nothing)
    expect(table && [...applyTable([-1, 0], table)]).toEqual([1, 2])
  })
})
