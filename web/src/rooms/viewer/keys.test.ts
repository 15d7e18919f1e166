import { describe, expect, it } from 'vitest'

import { keyOf, keyParts } from './keys'

const press = (key: string, code: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>> = {}) =>
  keyOf({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held })

describe('the name of a press', () => {
  it('is the letter, whatever Caps Lock says', () => {
    expect(press('w', 'KeyW')).toBe('W')
    expect(press('W', 'KeyW')).toBe('W')
    expect(press('W', 'KeyW', { shiftKey: true })).toBe('Shift+W')
  })

  it('is Shift and the digit on whatever keyboard', () => {
    expect(press('@', 'Digit2', { shiftKey: true })).toBe('Shift+2')
    expect(press('"', 'Digit2', { shiftKey: true })).toBe('Shift+2')
  })

  it('is the sign itself where the sign needs Shift', () => {
    expect(press('?', 'Slash', { shiftKey: true })).toBe('?')
    expect(press('?', 'Minus', { shiftKey: true })).toBe('?')
    expect(press('+', 'Equal', { shiftKey: true })).toBe('+')
    expect(press('=', 'Equal')).toBe('+')
  })

  it('has Command for Ctrl, and nothing for a modifier alone', () => {
    expect(press('z', 'KeyZ', { metaKey: true })).toBe('Ctrl+Z')
    expect(press('Z', 'KeyZ', { ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+Z')
    expect(press('Shift', 'ShiftLeft', { shiftKey: true })).toBeUndefined()
  })

  it('is shown in parts', () => {
    expect(keyParts('Ctrl+Shift+Z')).toEqual(['Ctrl', 'Shift', 'Z'])
    expect(keyParts('+')).toEqual(['+'])
    expect(keyParts('Ctrl++')).toEqual(['Ctrl', '+'])
  })
})
