/** The room itself: undo, help, leaving. */
import type { Command } from '../commands'

export const ROOM: readonly Command[] = [
  {
    id: 'help',
    group: 'room',
    icon: 'help',
    words: 'viewer.help',
    help: 'room.helpHelp',
    defaultKey: '?',
    place: 'bar',
    pressed: ({ panel }) => panel === 'help',
    run: ({ panel, openPanel }) => openPanel(panel === 'help' ? undefined : 'help'),
  },
  { id: 'leave', group: 'room', words: 'viewer.back', help: 'room.helpLeave', defaultKey: 'Escape', place: 'keys', run: ({ leave }) => leave() },
]
