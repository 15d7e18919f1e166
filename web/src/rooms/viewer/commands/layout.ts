/** How many viewports there are, and which is active. */
import { LayoutMenu } from '../LayoutMenu'
import type { Command } from '../commands'
import type { Layout } from '../viewer-state'

const layout = (id: string, words: 'viewer.layout1' | 'viewer.layout2' | 'viewer.layout4', wanted: Layout, key: string): Command => ({
  id,
  group: 'layout',
  words,
  help: 'room.helpLayout',
  defaultKey: key,
  place: 'keys',
  run: ({ dispatch }) => dispatch({ type: 'layout', layout: wanted }),
})

export const LAYOUT: readonly Command[] = [
  {
    id: 'layouts',
    group: 'layout',
    icon: 'layout1',
    words: 'viewer.layout',
    help: 'room.helpLayout',
    place: 'bar',
    Control: LayoutMenu,
    run: () => undefined,
  },
  layout('layout-1', 'viewer.layout1', { rows: 1, columns: 1 }, 'Shift+1'),
  layout('layout-2', 'viewer.layout2', { rows: 1, columns: 2 }, 'Shift+2'),
  layout('layout-4', 'viewer.layout4', { rows: 2, columns: 2 }, 'Shift+4'),
  {
    id: 'next-cell',
    group: 'layout',
    words: 'room.nextCell',
    help: 'room.helpNextCell',
    defaultKey: 'N',
    place: 'keys',
    run: ({ state, dispatch }) => dispatch({ type: 'activate', cell: (state.active + 1) % (state.layout.rows * state.layout.columns) }),
  },
]
