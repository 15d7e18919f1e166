/** Which keys each command has for this reader: the defaults, and what the reader changed. */
import { createStore, useStore } from '../../kit/store'
import { byKey, type Command, defaultKeysOf } from './commands'
import type { KeyName } from './keys'

/** The keys that a reader gave to commands, by command id; an empty list: none. */
export type Shortcuts = Readonly<Record<string, readonly KeyName[]>>

export const shortcuts = createStore<Shortcuts>({})

export function keysOf(command: Command, changed: Shortcuts = shortcuts.get()): readonly KeyName[] {
  return changed[command.id] ?? defaultKeysOf(command)
}

export function useKeysOf(command: Command): readonly KeyName[] {
  return keysOf(command, useStore(shortcuts))
}

/** The command that a key stands for now. */
export function commandOf(key: KeyName): Command | undefined {
  return byKey((command) => keysOf(command)).get(key)
}
