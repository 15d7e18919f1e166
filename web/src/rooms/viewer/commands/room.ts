/** The room itself: undo, everything by name, help, leaving. */
import type { Command } from '../commands'
import type { Room } from '../context'

const panel = (id: string) => ({
  pressed: (room: Room) => room.panel === id,
  run: (room: Room) => room.openPanel(room.panel === id ? undefined : id),
})

/** One step out: of a panel, of a viewport that fills the room, of the room. */
function backOut({ panel: open, openPanel, state, dispatch, leave }: Room): void {
  if (open !== undefined) openPanel(undefined)
  else if (state.maximised !== undefined) dispatch({ type: 'maximise', cell: undefined })
  else leave()
}

export const ROOM: readonly Command[] = [
  { id: 'commands', group: 'room', icon: 'menu', words: 'room.commands', help: 'room.helpCommandMenu', defaultKey: 'Ctrl+K', place: 'bar', ...panel('commands') },
  {
    id: 'undo',
    group: 'room',
    icon: 'undo',
    words: 'room.undo',
    help: 'room.helpUndo',
    defaultKey: 'Ctrl+Z',
    place: 'bar',
    enabled: ({ history }) => history.state.get().canUndo,
    run: ({ history }) => history.undo(),
  },
  {
    id: 'redo',
    group: 'room',
    icon: 'redo',
    words: 'room.redo',
    help: 'room.helpRedo',
    defaultKey: ['Ctrl+Y', 'Ctrl+Shift+Z'],
    place: 'bar',
    enabled: ({ history }) => history.state.get().canRedo,
    run: ({ history }) => history.redo(),
  },
  { id: 'help', group: 'room', icon: 'help', words: 'viewer.help', help: 'room.helpHelp', defaultKey: '?', place: 'bar', ...panel('help') },
  { id: 'leave', group: 'room', words: 'viewer.back', help: 'room.helpLeave', defaultKey: 'Escape', place: 'keys', run: backOut },
]
