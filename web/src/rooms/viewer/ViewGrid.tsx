/** The cells of the layout. */
import { Cell, type OnView } from './Cell'
import { useRoom } from './context'
import classes from './ViewGrid.module.css'
import { shownCells } from './viewer-state'

export function ViewGrid({ onView }: { readonly onView: OnView }) {
  const { state } = useRoom()
  const { rows, columns } = state.layout
  return (
    <div
      className={classes.grid}
      style={{ gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
    >
      {shownCells(state).map((placed, number) => (
        <Cell
          // oxlint-disable-next-line react/no-array-index-key -- a cell is its place
          key={number}
          number={number}
          placed={placed}
          onView={onView}
        />
      ))}
    </div>
  )
}
