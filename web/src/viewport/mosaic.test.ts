import { describe, expect, it } from 'vitest'

import { createStore } from '../kit/store'
import { joinTiles, onOnePage, pageStart } from './mosaic'
import type { Presentation } from './presentation'
import type { StackView } from './stack-view'
import { NOTHING, type ViewState } from './view-state'

const UPRIGHT = { windowChosen: false, invert: false, rotation: 0, flipH: false, flipV: false, zoom: 1, pan: [8, 8], centre: 40, width: 400 }

/** What the tiles need of a view. */
function aView(count: number) {
  const state = createStore<ViewState>({ ...NOTHING, phase: 'shown', count })
  let look = UPRIGHT as unknown as Presentation
  const tell = () => state.set((now) => ({ ...now }))
  return {
    state,
    presentation: () => look,
    onChange: (listener: () => void) => state.subscribe(listener),
    scrollTo: async (index: number) => state.set((now) => ({ ...now, index })),
    apply: async (wanted: Partial<Presentation>) => {
      look = { ...look, ...wanted }
      tell()
    },
    drag: (wanted: Partial<Presentation>) => {
      look = { ...look, ...wanted }
      tell()
    },
  }
}

function aMosaic(count: number, tiles: number) {
  const views = Array.from({ length: tiles }, () => aView(count))
  const page = joinTiles(new Map(views.map((view, place) => [place, view as unknown as StackView])), 0, () => undefined)
  return { views, page, indices: () => views.map((view) => view.state.get().index) }
}

describe('a mosaic', () => {
  it('shows consecutive images, and turns by pages to a full last one', () => {
    const { page, indices } = aMosaic(10, 4)
    expect(indices()).toEqual([0, 1, 2, 3])
    page.turnTo(4)
    expect(indices()).toEqual([4, 5, 6, 7])
    page.turnTo(8)
    expect(indices()).toEqual([6, 7, 8, 9])
    page.turnTo(-3)
    expect(indices()).toEqual([0, 1, 2, 3])
  })

  it('follows the tile that was scrolled', () => {
    const { views, indices } = aMosaic(10, 4)
    void views[2]?.scrollTo(5)
    expect(indices()).toEqual([3, 4, 5, 6])
    void views[0]?.scrollTo(9)
    expect(indices()).toEqual([6, 7, 8, 9])
  })

  it('shows all tiles as the one that was changed', () => {
    const { views } = aMosaic(10, 3)
    views[1]?.drag({ windowChosen: true, centre: -600, width: 1500, zoom: 2 })
    expect(views.map((view) => [view.presentation().centre, view.presentation().zoom])).toEqual([
      [-600, 2],
      [-600, 2],
      [-600, 2],
    ])
  })

  it('knows its tiles until it ends', () => {
    const { views, page } = aMosaic(10, 3)
    const [one, another] = views as unknown as [StackView, StackView]
    const [foreign] = aMosaic(10, 3).views as unknown as [StackView]
    expect([onOnePage(one, another), onOnePage(one, foreign)]).toEqual([true, false])
    page.end()
    expect(onOnePage(one, another)).toBe(false)
  })

  it('has empty tiles only where there are too few images', () => {
    expect(pageStart(5, 3, 4)).toBe(0)
    expect(aMosaic(3, 4).indices()).toEqual([0, 1, 2, 0])
  })
})
