/** How many viewports there are, which is active, which fills the room; one series as a mosaic; a second window. */
import { LayoutMenu } from '../LayoutMenu'
import type { Command } from '../commands'
import { cellCount, type Layout } from '../viewer-state'
import { openWindow } from '../windows'

const layout = (rows: number, columns: number, key: string): Command => ({
  id: `layout-${rows}x${columns}`,
  group: 'layout',
  words: 'room.rowsByColumns',
  values: { rows, columns },
  help: 'room.helpLayout',
  defaultKey: key,
  place: 'keys',
  run: ({ dispatch }) => dispatch({ type: 'layout', layout: { rows, columns } }),
})

const MOSAIC: Layout = { rows: 3, columns: 4 }

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
  layout(1, 1, 'Shift+1'),
  layout(1, 2, 'Shift+2'),
  layout(1, 3, 'Shift+3'),
  layout(2, 2, 'Shift+4'),
  layout(2, 3, 'Shift+6'),
  layout(3, 3, 'Shift+9'),
  layout(4, 4, 'Shift+0'),
  {
    id: 'next-cell',
    group: 'layout',
    words: 'room.nextCell',
    help: 'room.helpNextCell',
    defaultKey: 'N',
    place: 'keys',
    run: ({ state, dispatch }) => dispatch({ type: 'activate', cell: (state.active + 1) % cellCount(state.layout) }),
  },
  {
    id: 'maximise',
    group: 'layout',
    icon: 'maximise',
    words: 'room.maximise',
    help: 'room.helpMaximise',
    defaultKey: 'Shift+F',
    enabled: ({ state }) => cellCount(state.layout) > 1,
    pressed: ({ state }) => state.maximised !== undefined,
    run: ({ state, dispatch }) => dispatch({ type: 'maximise', cell: state.maximised === undefined ? state.active : undefined }),
  },
  {
    id: 'mosaic',
    group: 'layout',
    icon: 'mosaic',
    words: 'room.mosaic',
    help: 'room.helpMosaic',
    defaultKey: 'Shift+M',
    enabled: ({ state, view }) => state.cells[state.active]?.mosaic !== undefined || (view?.state.get().count ?? 0) > 1,
    pressed: ({ state }) => state.cells[state.active]?.mosaic !== undefined,
    run: ({ state, dispatch }) => dispatch({ type: 'mosaic', mosaic: state.cells[state.active]?.mosaic ? undefined : MOSAIC }),
  },
  {
    id: 'second-window',
    group: 'layout',
    icon: 'secondWindow',
    words: 'room.secondWindow',
    help: 'room.helpSecondWindow',
    defaultKey: 'Shift+W',
    run: ({ studyInstanceUid }) => void openWindow(studyInstanceUid),
  },
]
