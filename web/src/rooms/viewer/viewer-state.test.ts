import { describe, expect, it } from 'vitest'

import { CLOSED, neighbour, viewerReducer } from './viewer-state'

const series = ['a', 'b', 'c']
const opened = viewerReducer(CLOSED, { type: 'open', series })

describe('the viewer', () => {
  it('opens with the first series', () => {
    expect(opened.cells[0]).toBe('a')
    expect(viewerReducer(opened, { type: 'open', series: ['z'] })).toBe(opened)
  })

  it('fills a larger layout with series not yet shown', () => {
    expect(viewerReducer(opened, { type: 'layout', layout: 4, series }).cells).toEqual(['a', 'b', 'c', undefined])
  })

  it('keeps the active series when the layout shrinks', () => {
    const four = viewerReducer(opened, { type: 'layout', layout: 4, series })
    const third = viewerReducer(four, { type: 'activate', cell: 2 })
    const one = viewerReducer(third, { type: 'layout', layout: 1, series })
    expect(one.active).toBe(0)
    expect(one.cells[0]).toBe('c')
  })

  it('places a series in the active cell, or where it is dropped', () => {
    expect(viewerReducer(opened, { type: 'place', seriesInstanceUid: 'b' }).cells[0]).toBe('b')
    const dropped = viewerReducer(opened, { type: 'place', seriesInstanceUid: 'c', cell: 1 })
    expect(dropped.cells[1]).toBe('c')
    expect(dropped.active).toBe(1)
  })

  it('steps through the series and stops at the ends', () => {
    expect(neighbour(series, 'a', 1)).toBe('b')
    expect(neighbour(series, 'c', 1)).toBe('c')
    expect(neighbour(series, 'a', -1)).toBe('a')
  })
})
