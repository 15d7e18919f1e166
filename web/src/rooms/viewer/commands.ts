/**
 * Everything that can be done in the reading room, by name. The toolbar, the keys, the help sheet, the menu on the phone and the
 * editor of shortcuts are all made from this list. A topic adds its own file in commands/ and one line to COMMANDS.
 */
import type { ParseKeys } from 'i18next'
import type { ComponentType } from 'react'

import type { IconName } from '../../brand/Icon'
import type { Store } from '../../kit/store'
import { COMPARE } from './commands/compare'
import { FILM } from './commands/film'
import { LAYOUT } from './commands/layout'
import { LIST } from './commands/list'
import { MEASURING } from './commands/measuring'
import { PICTURE } from './commands/picture'
import { ROOM } from './commands/room'
import { SEEING } from './commands/seeing'
import { STACK } from './commands/stack'
import { TOOL_COMMANDS } from './commands/tools'
import type { Room } from './context'
import type { KeyName } from './keys'

/** In the order of the toolbar. */
export const GROUPS = ['tools', 'measure', 'picture', 'stack', 'film', 'compare', 'objects', 'layout', 'room'] as const
export type CommandGroup = (typeof GROUPS)[number]

export interface Command {
  /** Stable: shortcuts are kept under it. */
  readonly id: string
  readonly group: CommandGroup
  readonly words: ParseKeys
  /** What the words need: { number: 1 }. */
  readonly values?: Readonly<Record<string, string | number>>
  /** One or two sentences: what it is for, how it is used, what it refuses. Shown on hovering and in the help sheet. */
  readonly help: ParseKeys
  readonly icon?: IconName
  /** bar: a button of its own; menu: in the menu of its group; keys: has no button. Without it: menu. */
  readonly place?: 'bar' | 'menu' | 'keys'
  readonly defaultKey?: KeyName | readonly KeyName[]
  /** Drawn in place of the button: a menu, a field. */
  readonly Control?: ComponentType
  /** What else `enabled` and `pressed` are read from; the toolbar is drawn again when that changes one of them. */
  readonly watches?: readonly Pick<Store<unknown>, 'subscribe' | 'get'>[]
  /** Without it: always. */
  enabled?(room: Room): boolean
  /** Only for what is on or off. */
  pressed?(room: Room): boolean
  run(room: Room): void
}

export const COMMANDS: readonly Command[] = [...TOOL_COMMANDS, ...MEASURING, ...PICTURE, ...STACK, ...FILM, ...SEEING, ...COMPARE, ...LAYOUT, ...LIST, ...ROOM]

export function defaultKeysOf({ defaultKey }: Command): readonly KeyName[] {
  if (defaultKey === undefined) return []
  return typeof defaultKey === 'string' ? [defaultKey] : defaultKey
}

/** Each key's command; the first in the list keeps a key that two ask for. */
export function byKey(keysOf: (command: Command) => readonly KeyName[]): ReadonlyMap<KeyName, Command> {
  const found = new Map<KeyName, Command>()
  for (const command of COMMANDS) {
    for (const key of keysOf(command)) if (!found.has(key)) found.set(key, command)
  }
  return found
}
