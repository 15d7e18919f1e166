import { describe, expect, it, vi } from 'vitest'

vi.mock('../../api/preferences', () => ({ preference: () => undefined, usePreference: () => undefined, keepPreference: () => undefined }))
vi.mock('./commands', () => {
  const COMMANDS = [
    { id: 'invert', defaultKey: 'I' },
    { id: 'rotate', defaultKey: ['R', 'Shift+R'] },
    { id: 'flip' },
  ]
  const defaultKeysOf = ({ defaultKey = [] }: { defaultKey?: string | string[] }) => [defaultKey].flat()
  return { COMMANDS, defaultKeysOf, byKey: () => new Map() }
})

const { COMMANDS } = await import('./commands')
const { asShortcuts, changedShortcuts, keysOf, refusalOf } = await import('./shortcuts')
const [invert, rotate, flip] = COMMANDS as unknown as [never, never, never]

describe('shortcuts', () => {
  it('are the defaults until the reader changes them', () => {
    expect(keysOf(rotate, {})).toEqual(['R', 'Shift+R'])
    const changed = changedShortcuts(rotate, ['J'], {})
    expect(keysOf(rotate, changed)).toEqual(['J'])
    expect(changedShortcuts(rotate, ['R', 'Shift+R'], changed)).toEqual({})
  })

  it('are refused where another command has the key, changed or not', () => {
    expect(refusalOf(flip, 'I', {})).toMatchObject({ reason: 'taken', by: { id: 'invert' } })
    expect(refusalOf(flip, 'I', { invert: ['J'] })).toBeUndefined()
    expect(refusalOf(flip, 'J', { invert: ['J'] })).toMatchObject({ reason: 'taken' })
    expect(refusalOf(invert, 'I', {})).toBeUndefined()
    expect(refusalOf(flip, 'Tab', {})).toEqual({ reason: 'not-ours' })
  })

  it('leave out what was kept by something else in a shape that is not ours', () => {
    expect(asShortcuts({ invert: ['J'], rotate: 'K', flip: [1] })).toEqual({ invert: ['J'] })
    expect(asShortcuts('?')).toEqual({})
  })
})
