/** What is where in the viewer: layout, which series in which cell, which cell is active, which tool is chosen. Pure. */
import type { ToolName } from '../../viewport/tools'

export const LAYOUTS = { 1: { rows: 1, columns: 1 }, 2: { rows: 1, columns: 2 }, 4: { rows: 2, columns: 2 } } as const
export type Layout = keyof typeof LAYOUTS

export interface ViewerState {
  readonly layout: Layout
  /** Series in each cell; always four, those beyond the layout are remembered. */
  readonly cells: readonly (string | undefined)[]
  readonly active: number
  /** What the left button and one finger do. */
  readonly tool: ToolName
}

export type ViewerAction =
  | { readonly type: 'layout'; readonly layout: Layout; readonly series: readonly string[] }
  | { readonly type: 'place'; readonly seriesInstanceUid: string; readonly cell?: number }
  | { readonly type: 'activate'; readonly cell: number }
  | { readonly type: 'tool'; readonly tool: ToolName }
  | { readonly type: 'open'; readonly series: readonly string[] }

export const CLOSED: ViewerState = {
  layout: 1,
  cells: [undefined, undefined, undefined, undefined],
  active: 0,
  tool: 'window',
}

/** Fingers scroll at first, a mouse has its wheel for that. */
export function closed(fingers: boolean): ViewerState {
  return fingers ? { ...CLOSED, tool: 'scroll' } : CLOSED
}

/** Fills empty cells with series that are not shown yet, in their order. */
function filled(cells: readonly (string | undefined)[], series: readonly string[], count: number): (string | undefined)[] {
  const spare = series.filter((uid) => !cells.slice(0, count).includes(uid))
  return cells.map((cell, index) => cell ?? (index < count ? spare.shift() : undefined))
}

function placed(state: ViewerState, seriesInstanceUid: string, cell: number): ViewerState {
  return { ...state, active: cell, cells: state.cells.map((now, index) => (index === cell ? seriesInstanceUid : now)) }
}

export function viewerReducer(state: ViewerState, action: ViewerAction): ViewerState {
  switch (action.type) {
    case 'open':
      return state.cells.some(Boolean) ? state : { ...state, cells: filled(state.cells, action.series, state.layout) }
    case 'layout': {
      const active = Math.min(state.active, action.layout - 1)
      // The active series stays on screen when the layout shrinks.
      const kept = state.active < action.layout ? state : placed(state, state.cells[state.active] ?? '', active)
      return { ...kept, layout: action.layout, active, cells: filled(kept.cells, action.series, action.layout) }
    }
    case 'place':
      return placed(state, action.seriesInstanceUid, action.cell ?? state.active)
    case 'activate':
      return { ...state, active: action.cell }
    case 'tool':
      return { ...state, tool: action.tool }
  }
}

/** The series before or after the one in the active cell. */
export function neighbour(series: readonly string[], current: string | undefined, step: number): string | undefined {
  const at = current === undefined ? -1 : series.indexOf(current)
  return series[Math.max(0, Math.min(series.length - 1, at + step))]
}
