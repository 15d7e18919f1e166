/** The cells of the layout. */
import type { Series } from '../../api/types'
import type { StackView } from '../../viewport/stack-view'
import { Cell } from './Cell'
import classes from './ViewGrid.module.css'
import { LAYOUTS, type ViewerState } from './viewer-state'

interface ViewGridProps {
  readonly studyInstanceUid: string
  readonly series: readonly Series[]
  readonly state: ViewerState
  readonly onActivate: (cell: number) => void
  readonly onPlace: (seriesInstanceUid: string, cell: number) => void
  readonly onView: (cell: number, view: StackView | undefined) => void
}

export function ViewGrid({ studyInstanceUid, series, state, onActivate, onPlace, onView }: ViewGridProps) {
  const { rows, columns } = LAYOUTS[state.layout]
  const byUid = new Map(series.map((one) => [one.series_instance_uid, one]))
  return (
    <div
      className={classes.grid}
      style={{ gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
    >
      {state.cells.slice(0, state.layout).map((uid, number) => (
        <Cell
          // oxlint-disable-next-line react/no-array-index-key -- a cell is its place
          key={number}
          studyInstanceUid={studyInstanceUid}
          number={number}
          series={uid === undefined ? undefined : byUid.get(uid)}
          active={state.active === number}
          alone={state.layout === 1}
          onActivate={onActivate}
          onPlace={onPlace}
          onView={onView}
        />
      ))}
    </div>
  )
}
