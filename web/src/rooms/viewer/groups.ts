/** The groups of commands: their words, and the icon of the menu of each. */
import type { IconName } from '../../brand/Icon'
import type { CommandGroup } from './commands'

export const GROUP_WORDS = {
  tools: 'room.groupTools',
  measure: 'room.groupMeasure',
  picture: 'room.groupPicture',
  stack: 'room.groupStack',
  film: 'room.groupFilm',
  compare: 'room.groupCompare',
  objects: 'room.groupObjects',
  layout: 'room.groupLayout',
  room: 'room.groupRoom',
} as const satisfies Record<CommandGroup, string>

export const MENU_ICONS: Readonly<Record<CommandGroup, IconName>> = {
  tools: 'more',
  measure: 'measure',
  picture: 'more',
  stack: 'scroll',
  film: 'more',
  compare: 'compare',
  objects: 'document',
  layout: 'more',
  room: 'more',
}
