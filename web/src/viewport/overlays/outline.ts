/** The edge of a mask as a path along the edges of its pixels: exact at every zoom. */

/** More runs than this are noise, not an outline. */
const MOST_RUNS = 20_000

type Inside = (column: number, row: number) => boolean

/** Calls found(start, end) for every run of positions where differs(position). */
function runs(length: number, differs: (at: number) => boolean, found: (from: number, to: number) => void): void {
  let from = -1
  for (let at = 0; at <= length; at += 1) {
    const edge = at < length && differs(at)
    if (edge && from < 0) from = at
    if (!edge && from >= 0) {
      found(from, at)
      from = -1
    }
  }
}

/** An SVG path in pixels of the mask, (0, 0) its outer corner; undefined for nothing, or for noise. */
export function outlineOf(inside: Inside, columns: number, rows: number): string | undefined {
  const parts: string[] = []
  const at = (column: number, row: number) => column >= 0 && row >= 0 && column < columns && row < rows && inside(column, row)
  for (let row = 0; row <= rows && parts.length < MOST_RUNS; row += 1) {
    runs(columns, (column) => at(column, row) !== at(column, row - 1), (from, to) => parts.push(`M${from} ${row}H${to}`))
  }
  for (let column = 0; column <= columns && parts.length < MOST_RUNS; column += 1) {
    runs(rows, (row) => at(column, row) !== at(column - 1, row), (from, to) => parts.push(`M${column} ${from}V${to}`))
  }
  return parts.length === 0 || parts.length >= MOST_RUNS ? undefined : parts.join('')
}
