import { describe, expect, it } from 'vitest'

import { matching, nextSorting, sorted } from './record-order'

const rooms = [{ name: 'CT 10' }, { name: 'ct 2' }, { name: '' }, { name: 'MR 1' }]
const nameOf = (room: { name: string }) => room.name

describe('a list', () => {
  it('finds every word, wherever it stands and however it is written', () => {
    expect(matching(rooms, '10 ct', nameOf)).toEqual([{ name: 'CT 10' }])
    expect(matching(rooms, 'ＣＴ', nameOf)).toHaveLength(2)
    expect(matching(rooms, '  ', nameOf)).toBe(rooms)
    expect(matching(rooms, 'ct 3', nameOf)).toEqual([])
  })

  it('sorts numbers inside words as numbers, and what is missing last both ways', () => {
    expect(sorted(rooms, nameOf, false, 'en').map(nameOf)).toEqual(['ct 2', 'CT 10', 'MR 1', ''])
    expect(sorted(rooms, nameOf, true, 'en').map(nameOf)).toEqual(['MR 1', 'CT 10', 'ct 2', ''])
  })

  it('sorts Chinese names by their sound', () => {
    expect(sorted(['张', '安', '李'], (name) => name, false, 'zh-CN')).toEqual(['安', '李', '张'])
  })

  it('turns from ascending to descending to as it came', () => {
    const first = nextSorting(undefined, 'name')
    expect(first).toEqual({ key: 'name', descending: false })
    expect(nextSorting(first, 'name')).toEqual({ key: 'name', descending: true })
    expect(nextSorting({ key: 'name', descending: true }, 'name')).toBeUndefined()
    expect(nextSorting(first, 'role')).toEqual({ key: 'role', descending: false })
  })
})
