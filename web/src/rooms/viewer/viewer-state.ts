/** What is where in the viewer: layout, which series in which cell, which cell is active, which tool is chosen. Pure. */
import type { Study } from '../../api/types'

export interface Layout {
  readonly rows: number
  readonly columns: number
}

export const MOST_ROWS = 4
export const MOST_COLUMNS = 4
const MOST_CELLS = MOST_ROWS * MOST_COLUMNS

/** A series in a cell: of the study that was opened, or of one beside it. */
export interface Placed {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  /** Shown as a page of consecutive images, in so many rows and columns; without it one image at a time. */
  readonly mosaic?: Layout
}

export interface ViewerState {
  readonly layout: Layout
  /** What each cell holds, row by row; always as many as fit at most, those beyond the layout are remembered. */
  readonly cells: readonly (Placed | undefined)[]
  readonly active: number
  /** The cell that fills the room for now; undefined when all are seen. */
  readonly maximised: number | undefined
  /** What the left button and one finger do: the id of its command. */
  readonly tool: string
  /** The studies that are open here; the first is the one that was opened. */
  readonly studies: readonly string[]
  /** The series that may fill empty cells, in the order in which they should. */
  readonly offered: readonly Placed[]
}

export type ViewerAction =
  | { readonly type: 'layout'; readonly layout: Layout }
  | { readonly type: 'place'; readonly placed: Placed; readonly cell?: number }
  | { readonly type: 'activate'; readonly cell: number }
  | { readonly type: 'maximise'; readonly cell: number | undefined }
  | { readonly type: 'tool'; readonly tool: string }
  /** Which series there are: an empty room shows the first of them, a larger layout those not yet shown. */
  | { readonly type: 'offer'; readonly series: readonly Placed[] }
  | { readonly type: 'open-study' | 'close-study'; readonly studyInstanceUid: string }
  | { readonly type: 'mosaic'; readonly mosaic: Layout | undefined; readonly cell?: number }
  /** What was before: only for undo. */
  | { readonly type: 'restore'; readonly layout: Layout; readonly cells: readonly (Placed | undefined)[]; readonly active: number }
  /** Everything at once: a hanging protocol, a view handed over. */
  | { readonly type: 'hang'; readonly layout: Layout; readonly cells: readonly (Placed | undefined)[]; readonly active?: number }

const EMPTY: readonly undefined[] = Array.from({ length: MOST_CELLS }, () => undefined)

/** Fingers scroll at first, a mouse has its wheel for that. */
export function closed(studyInstanceUid: string, fingers: boolean): ViewerState {
  return {
    layout: { rows: 1, columns: 1 },
    cells: EMPTY,
    active: 0,
    maximised: undefined,
    tool: fingers ? 'scroll' : 'window',
    studies: [studyInstanceUid],
    offered: [],
  }
}

export function cellCount({ rows, columns }: Layout): number {
  return rows * columns
}

export function sameSeries(a: Placed | undefined, b: Placed | undefined): boolean {
  return a?.seriesInstanceUid === b?.seriesInstanceUid && a?.studyInstanceUid === b?.studyInstanceUid
}

/** Whether nothing is elsewhere than before. */
export function sameCells(a: ViewerState, b: ViewerState): boolean {
  const same = (one: Placed | undefined, other: Placed | undefined) =>
    sameSeries(one, other) && one?.mosaic?.rows === other?.mosaic?.rows && one?.mosaic?.columns === other?.mosaic?.columns
  return sameLayout(a.layout, b.layout) && a.cells.every((cell, index) => same(cell, b.cells[index]))
}

export function sameLayout(a: Layout, b: Layout): boolean {
  return a.rows === b.rows && a.columns === b.columns
}

/** The cells on the screen. */
export function shownCells({ cells, layout }: Pick<ViewerState, 'cells' | 'layout'>): readonly (Placed | undefined)[] {
  return cells.slice(0, cellCount(layout))
}

/** Fills empty cells with series that are not shown yet, in their order. */
function filled(state: ViewerState): ViewerState {
  const count = cellCount(state.layout)
  const shown = shownCells(state)
  const spare = state.offered.filter((one) => !shown.some((cell) => sameSeries(cell, one)))
  if (spare.length === 0 || !shown.includes(undefined)) return state
  return { ...state, cells: state.cells.map((now, index) => now ?? (index < count ? spare.shift() : undefined)) }
}

function placed(state: ViewerState, what: Placed | undefined, cell: number): ViewerState {
  return { ...state, active: cell, cells: state.cells.map((now, index) => (index === cell ? what : now)) }
}

function tiled(state: ViewerState, mosaic: Layout | undefined, cell: number): ViewerState {
  const now = state.cells[cell]
  return now ? placed(state, { ...now, mosaic }, cell) : state
}

function laidOut(state: ViewerState, layout: Layout): ViewerState {
  const count = cellCount(layout)
  const active = Math.min(state.active, count - 1)
  // The active series stays on screen when the layout shrinks.
  const kept = state.active < count ? state : placed(state, state.cells[state.active], active)
  return filled({ ...kept, layout, active, maximised: undefined })
}

function hung(state: ViewerState, { layout, cells, active = 0 }: Extract<ViewerAction, { type: 'hang' }>): ViewerState {
  const count = cellCount(layout)
  const studies = [...new Set([...state.studies, ...cells.flatMap((cell) => (cell ? [cell.studyInstanceUid] : []))])]
  return { ...state, layout, studies, maximised: undefined, active: Math.min(active, count - 1), cells: EMPTY.map((_, index) => cells[index]) }
}

function withoutStudy(state: ViewerState, studyInstanceUid: string): ViewerState {
  if (state.studies[0] === studyInstanceUid) return state
  const cells = state.cells.map((cell) => (cell?.studyInstanceUid === studyInstanceUid ? undefined : cell))
  return { ...state, cells, studies: state.studies.filter((uid) => uid !== studyInstanceUid) }
}

export function viewerReducer(state: ViewerState, action: ViewerAction): ViewerState {
  switch (action.type) {
    case 'offer': {
      const offered = { ...state, offered: action.series }
      return state.cells.some(Boolean) ? offered : filled(offered)
    }
    case 'layout':
      return laidOut(state, action.layout)
    case 'place':
      return placed(state, action.placed, action.cell ?? state.active)
    case 'activate':
      return { ...state, active: action.cell, maximised: state.maximised === undefined ? undefined : action.cell }
    case 'maximise':
      return { ...state, maximised: action.cell, active: action.cell ?? state.active }
    case 'tool':
      return { ...state, tool: action.tool }
    case 'open-study':
      return state.studies.includes(action.studyInstanceUid) ? state : { ...state, studies: [...state.studies, action.studyInstanceUid] }
    case 'close-study':
      return withoutStudy(state, action.studyInstanceUid)
    case 'mosaic':
      return tiled(state, action.mosaic, action.cell ?? state.active)
    case 'restore': {
      const { layout, cells, active } = action
      return { ...state, layout, cells, active, maximised: undefined }
    }
    case 'hang':
      return hung(state, action)
  }
}

/** Every series of the open studies, in the order of the studies. */
export function seriesOf(studies: ReadonlyMap<string, Study>, { studies: open }: Pick<ViewerState, 'studies'>): Placed[] {
  return open.flatMap((studyInstanceUid) =>
    (studies.get(studyInstanceUid)?.series ?? []).map((one) => ({ studyInstanceUid, seriesInstanceUid: one.series_instance_uid })),
  )
}

/** The series before or after the one in the active cell. */
export function neighbour(series: readonly Placed[], current: Placed | undefined, step: number): Placed | undefined {
  const at = current === undefined ? -1 : series.findIndex((one) => sameSeries(one, current))
  return series[Math.max(0, Math.min(series.length - 1, at + step))]
}
