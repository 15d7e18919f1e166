import { beforeAll, describe, expect, it, vi } from 'vitest'

import type * as SearchModule from './search'

const today = new Date(2026, 10, 22)
let search: typeof SearchModule

beforeAll(async () => {
  vi.stubGlobal('window', { location: { origin: 'http://localhost' } })
  search = await import('./search')
})

describe('a search', () => {
  it('asks for whole days, today included', () => {
    const range = (date: SearchModule.DateChoice) => search.dateRange({ date, from: '', to: '' }, today)
    expect(range('any')).toBeUndefined()
    expect(range('today')).toBe('20261122-20261122')
    expect(range('days7')).toBe('20261116-20261122')
    expect(range('days30')).toBe('20261024-20261122')
  })

  it('leaves a range open where one end is not given', () => {
    const range = (from: string, to: string) => search.dateRange({ date: 'range', from, to }, today)
    expect(range('2024-01-02', '')).toBe('20240102-')
    expect(range('', '2024-01-02')).toBe('-20240102')
    expect(range('', '')).toBeUndefined()
  })

  it('sends nothing for empty fields', () => {
    expect(search.bodyOf({ ...search.EVERYTHING, text: '  ' }, today)).toMatchObject({ text: undefined, patient_name: undefined })
    expect(search.isNarrowed(search.EVERYTHING)).toBe(false)
    expect(search.isNarrowed({ ...search.EVERYTHING, modalities: ['CT'] })).toBe(true)
  })
})
