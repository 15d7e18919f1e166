/** Which keys each command has for this reader: the defaults, and what the reader changed. */
import { keepPreference, preference, usePreference } from '../../api/preferences'
import { byKey, type Command, COMMANDS, defaultKeysOf } from './commands'
import type { KeyName } from './keys'

/** The keys that a reader gave to commands, by command id; an empty list: none. */
export type Shortcuts = Readonly<Record<string, readonly KeyName[]>>

const NAME = 'shortcuts'
const NONE: Shortcuts = {}
const read = new WeakMap<object, Shortcuts>()

/** What was kept, as far as it is what it should be. */
export function asShortcuts(part: unknown): Shortcuts {
  if (typeof part !== 'object' || part === null) return NONE
  const known = read.get(part)
  if (known) return known
  const right = Object.entries(part).filter(([, keys]) => Array.isArray(keys) && keys.every((key) => typeof key === 'string'))
  const shortcuts = Object.fromEntries(right) as Shortcuts
  read.set(part, shortcuts)
  return shortcuts
}

export function keysOf(command: Command, changed: Shortcuts): readonly KeyName[] {
  return changed[command.id] ?? defaultKeysOf(command)
}

export function useShortcuts(): Shortcuts {
  return usePreference(NAME, asShortcuts)
}

export function useKeysOf(command: Command): readonly KeyName[] {
  return keysOf(command, useShortcuts())
}

/** The command that a key stands for now. */
export function commandOf(key: KeyName): Command | undefined {
  const changed = asShortcuts(preference(NAME))
  return byKey((command) => keysOf(command, changed)).get(key)
}

/** The browser or the page needs these: they cannot be given to a command. */
const NOT_OURS: ReadonlySet<KeyName> = new Set(['Tab', 'Shift+Tab', 'Enter', 'Ctrl+W', 'Ctrl+T', 'Ctrl+N', 'Ctrl+R', 'Ctrl+L', 'Ctrl+Q', 'F5', 'F11', 'F12'])

export type Refusal = { readonly reason: 'taken'; readonly by: Command } | { readonly reason: 'not-ours' }

/** Why a command cannot have a key; undefined when it can. */
export function refusalOf(command: Command, key: KeyName, changed: Shortcuts): Refusal | undefined {
  if (NOT_OURS.has(key)) return { reason: 'not-ours' }
  const by = COMMANDS.find((other) => other.id !== command.id && keysOf(other, changed).includes(key))
  return by && { reason: 'taken', by }
}

export function changedShortcuts(command: Command, keys: readonly KeyName[], changed: Shortcuts): Shortcuts {
  const same = defaultKeysOf(command).join(' ') === keys.join(' ')
  const others = Object.fromEntries(Object.entries(changed).filter(([id]) => id !== command.id))
  return same ? others : { ...others, [command.id]: keys }
}

export function keepShortcuts(changed: Shortcuts): void {
  keepPreference(NAME, changed)
}
