import { describe, expect, it } from 'vitest'

import { closed, viewerReducer } from '../viewer-state'
import { isLoopback, readView, viewOf } from './view'

const placed = (number: number) => ({ studyInstanceUid: '1.2', seriesInstanceUid: `1.2.${number}` })
const presentation = {
  centre: 40,
  width: 400,
  voiFunction: 'LINEAR',
  windowChosen: true,
  invert: false,
  rotation: 90,
  flipH: false,
  flipV: false,
  zoom: 1.5,
  pan: [12.5, 20],
  index: 7,
  imageId: 'isocenter:1.2/1.2.1/1.2.1.8/1',
} as const
const state = viewerReducer(closed('1.2', false), { type: 'hang', layout: { rows: 1, columns: 2 }, cells: [placed(1), undefined], active: 1 })
const view = viewOf({ state, views: new Map([[0, { presentation: () => presentation }]]) as never })

describe('a view handed over', () => {
  it('arrives as it left', () => {
    expect(readView(JSON.parse(JSON.stringify(view)))).toEqual(view)
    expect(view.cells).toEqual([{ ...placed(1), presentation }, null])
    expect(view.active).toBe(1)
  })

  it('holds UIDs and numbers only, and is small', () => {
    const strings = [...JSON.stringify(view).matchAll(/:"([^"]*)"/g)].map((found) => found[1] ?? '')
    for (const each of strings) expect(each).toMatch(/^([0-9.]+|isocenter:[0-9./]+|LINEAR)$/)
    expect(JSON.stringify(view).length * 8).toBeLessThan(16 * 1024)
  })

  it.each([
    ['another version', { version: 2 }],
    ['a layout that is none', { layout: { rows: 0, columns: 1 } }],
    ['fewer cells than the layout has', { cells: [] }],
    ['a cell of something else', { cells: [{ studyInstanceUid: 'javascript:', seriesInstanceUid: '1', presentation: null }, null] }],
    ['numbers that are none', { cells: [{ ...placed(1), presentation: { zoom: '2' } }, null] }],
    ['an active cell outside', { active: 2 }],
  ])('is refused with %s', (_, change) => {
    expect(readView({ ...view, ...change })).toBeUndefined()
  })

  it('is not offered under an address that only this machine reaches', () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', 'isocenter.localhost']) expect(isLoopback(host), host).toBe(true)
    for (const host of ['isocenter.hospital.example', '10.0.0.7', '127.example.org']) expect(isLoopback(host), host).toBe(false)
  })
})
