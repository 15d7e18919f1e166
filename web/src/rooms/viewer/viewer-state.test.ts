import { describe, expect, it } from 'vitest'

import { closed, neighbour, type Placed, sameCells, shownCells, viewerReducer } from './viewer-state'

const [a, b, c, z] = ['a', 'b', 'c', 'z'].map((seriesInstanceUid): Placed => ({ studyInstanceUid: '1', seriesInstanceUid })) as [Placed, Placed, Placed, Placed]
const series = [a, b, c]
const opened = viewerReducer(closed('1', false), { type: 'offer', series })
const TWO_BY_TWO = { rows: 2, columns: 2 }

function grown() {
  return viewerReducer(opened, { type: 'layout', layout: TWO_BY_TWO })
}

describe('the viewer', () => {
  it('opens with the first series, and lets it be', () => {
    expect(opened.cells[0]).toBe(a)
    expect(viewerReducer(opened, { type: 'offer', series: [z] }).cells).toBe(opened.cells)
  })

  it('fills a larger layout with series not yet shown', () => {
    expect(shownCells(grown())).toEqual([a, b, c, undefined])
  })

  it('keeps the active series when the layout shrinks', () => {
    const third = viewerReducer(grown(), { type: 'activate', cell: 2 })
    const one = viewerReducer(third, { type: 'layout', layout: { rows: 1, columns: 1 } })
    expect(one.active).toBe(0)
    expect(one.cells[0]).toBe(c)
  })

  it('places a series in the active cell, or where it is dropped', () => {
    expect(viewerReducer(opened, { type: 'place', placed: b }).cells[0]).toBe(b)
    const dropped = viewerReducer(opened, { type: 'place', placed: c, cell: 1 })
    expect(dropped.cells[1]).toBe(c)
    expect(dropped.active).toBe(1)
  })

  it('steps through the series and stops at the ends', () => {
    expect(neighbour(series, a, 1)).toBe(b)
    expect(neighbour(series, c, 1)).toBe(c)
    expect(neighbour(series, a, -1)).toBe(a)
  })

  it('lets one cell fill the room, and the next one when that becomes active', () => {
    const maximised = viewerReducer(grown(), { type: 'maximise', cell: 1 })
    expect([maximised.maximised, maximised.active]).toEqual([1, 1])
    expect(viewerReducer(maximised, { type: 'activate', cell: 2 }).maximised).toBe(2)
    expect(viewerReducer(maximised, { type: 'layout', layout: TWO_BY_TWO }).maximised).toBeUndefined()
  })

  it('shows one series as a mosaic, and takes back what was before', () => {
    const tiled = viewerReducer(opened, { type: 'mosaic', mosaic: { rows: 3, columns: 4 } })
    expect(tiled.cells[0]).toEqual({ ...a, mosaic: { rows: 3, columns: 4 } })
    expect(sameCells(tiled, opened)).toBe(false)
    const back = viewerReducer(tiled, { type: 'restore', layout: opened.layout, cells: opened.cells, active: 0 })
    expect(sameCells(back, opened)).toBe(true)
    expect(viewerReducer(closed('1', false), { type: 'mosaic', mosaic: { rows: 2, columns: 2 } })).toEqual(closed('1', false))
  })

  it('hangs other studies beside the one that was opened, and never closes that', () => {
    const prior = { studyInstanceUid: '2', seriesInstanceUid: 'p' }
    const hung = viewerReducer(opened, { type: 'hang', layout: { rows: 1, columns: 2 }, cells: [a, prior] })
    expect(hung.studies).toEqual(['1', '2'])
    expect(shownCells(hung)).toEqual([a, prior])
    const alone = viewerReducer(hung, { type: 'close-study', studyInstanceUid: '2' })
    expect(shownCells(alone)).toEqual([a, undefined])
    expect(viewerReducer(alone, { type: 'close-study', studyInstanceUid: '1' })).toBe(alone)
  })
})
