/** Several tiles of one stack, kept together: tile k shows the k-th image of the page, and all are shown the same way. */
import { looksAlike, type Presentation } from './presentation'
import type { StackView } from './stack-view'

/** The tiles by their place on the page, from 0. */
export type Tiles = ReadonlyMap<number, StackView>

export interface Page {
  /** The first image of the page, from 0. */
  first(): number
  /** Shows the page that begins with an image; the last page is a full one. */
  turnTo(first: number): void
  /** Ends keeping them together. */
  end(): void
}

const pages = new WeakMap<StackView, Page>()

/** Whether two tiles are kept together: what was laid on one of them is on the other. */
export function onOnePage(a: StackView, b: StackView): boolean {
  const page = pages.get(a)
  return page !== undefined && page === pages.get(b)
}

/** The first image of the page nearest to the wanted one that has no empty tiles, where there are images enough. */
export function pageStart(wanted: number, count: number, tiles: number): number {
  return Math.max(0, Math.min(wanted, count - tiles))
}

/** Tells of each page that it turned to, also because one tile was scrolled. */
export function joinTiles(tiles: Tiles, from: number, onTurn: (first: number) => void): Page {
  let first = from
  let look: Presentation | undefined
  const dressed = new Set<StackView>()
  const count = () => Math.max(0, ...[...tiles.values()].map((view) => view.state.get().count))
  const turnTo = (wanted: number) => {
    first = pageStart(wanted, count(), tiles.size)
    for (const [place, view] of tiles) {
      const { index, count: images } = view.state.get()
      if (first + place < images && index !== first + place) void view.scrollTo(first + place)
    }
    onTurn(first)
  }
  const dress = (view: StackView) => {
    const now = view.presentation()
    if (!now) return
    // A tile whose first image has just come is shown like the others.
    if (look && !dressed.has(view)) {
      dressed.add(view)
      if (!looksAlike(look, now)) void view.apply({ ...look, index: undefined, imageId: undefined })
      return
    }
    dressed.add(view)
    if (look && looksAlike(look, now)) return
    look = now
    for (const other of tiles.values()) {
      if (other === view || !other.presentation()) continue
      dressed.add(other)
      void other.apply({ ...now, index: undefined, imageId: undefined })
    }
  }
  const follow = (place: number, view: StackView) => () => {
    const { index, phase } = view.state.get()
    if (phase === 'empty') return
    if (index !== first + place) turnTo(index - place)
    else dress(view)
  }
  const ends = [...tiles].map(([place, view]) => view.onChange(follow(place, view)))
  turnTo(first)
  const end = () => {
    for (const stop of ends) stop()
    for (const view of tiles.values()) pages.delete(view)
  }
  const page = { first: () => first, turnTo, end }
  for (const view of tiles.values()) pages.set(view, page)
  return page
}
