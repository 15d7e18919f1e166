import { describe, expect, it } from 'vitest'

import { allToggled, NOTHING, type Selection, stretched, toggled } from './selection'

const list = ['a', 'b', 'c', 'd'].map((key) => [key, key.toUpperCase()] as const)
const keys = (selection: Selection<string>) => [...selection.chosen.keys()].sort()
const chosen = (...wanted: string[]) => wanted.reduce<Selection<string>>((now, key) => toggled(now, key, key.toUpperCase()), NOTHING)

describe('a selection', () => {
  it('takes and lets go one thing', () => {
    expect(keys(chosen('a', 'b'))).toEqual(['a', 'b'])
    expect(keys(chosen('a', 'b', 'a'))).toEqual(['b'])
    expect(NOTHING.chosen.size).toBe(0)
  })

  it('takes a stretch in either direction from the last choice', () => {
    expect(keys(stretched(chosen('b'), 'd', list))).toEqual(['b', 'c', 'd'])
    expect(keys(stretched(chosen('c'), 'a', list))).toEqual(['a', 'b', 'c'])
    expect(stretched(chosen('b'), 'd', list).chosen.get('c')).toBe('C')
  })

  it('takes one thing where a stretch has no beginning or no end', () => {
    expect(keys(stretched(NOTHING, 'c', list))).toEqual(['c'])
    expect(keys(stretched(chosen('b'), 'gone', list))).toEqual(['b'])
  })

  it('takes the whole list and lets go of it, keeping what is not in it', () => {
    const all = allToggled(chosen('a', 'elsewhere'), list)
    expect(keys(all)).toEqual(['a', 'b', 'c', 'd', 'elsewhere'])
    expect(keys(allToggled(all, list))).toEqual(['elsewhere'])
  })
})
