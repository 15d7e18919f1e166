/** Keys by name: "W", "Shift+2", "Ctrl+Z", "Space", "ArrowUp", "?". One name for each press, on whatever keyboard. */

export type KeyName = string

const NAMED: Readonly<Record<string, string>> = { ' ': 'Space', '=': '+' }
const ALONE = new Set(['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead', 'Process', 'Unidentified'])

type Press = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>

/** The name of a press; undefined for a modifier alone. Command on a Mac counts as Ctrl. */
export function keyOf(event: Press): KeyName | undefined {
  if (ALONE.has(event.key)) return undefined
  const digit = /^Digit(\d)$/.exec(event.code)?.[1]
  const letter = /^[a-z]$/i.test(event.key)
  const base = event.shiftKey && digit !== undefined ? digit : (NAMED[event.key] ?? (letter ? event.key.toUpperCase() : event.key))
  // A sign that needs Shift on one keyboard does not on another: there Shift is part of the sign.
  const shifted = event.shiftKey && (letter || digit !== undefined || event.key.length > 1)
  const modifiers = [(event.ctrlKey || event.metaKey) && 'Ctrl', event.altKey && 'Alt', shifted && 'Shift']
  return [...modifiers.filter(Boolean), base].join('+')
}

const SIGNS: Readonly<Record<string, string>> = { ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', PageUp: 'PgUp', PageDown: 'PgDn', Escape: 'Esc', '-': '−' }

/** The parts of a key as they are shown: ["Shift", "2"]. */
export function keyParts(name: KeyName): string[] {
  const parts = name.split(/\+(?=.)/)
  return parts.map((part) => SIGNS[part] ?? part)
}
