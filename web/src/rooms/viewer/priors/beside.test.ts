import { describe, expect, it } from 'vitest'

import type { ImageFacts, SeriesFacts, StudyFacts } from '../hanging/facts'
import { closed, viewerReducer, type ViewerAction } from '../viewer-state'
import { alike, placeBeside } from './beside'

function aSeries(name: string, about: Partial<SeriesFacts> = {}): SeriesFacts {
  return { seriesInstanceUid: name, modality: 'CT', number: 1, description: '', bodyPart: undefined, count: 10, drawable: true, images: [], ...about }
}

const aStudy = (name: string, ...series: SeriesFacts[]): StudyFacts => ({ studyInstanceUid: name, date: '', description: '', series })
const anImage = (name: string, view: ImageFacts['view'], laterality: ImageFacts['laterality']): ImageFacts => ({
  sopInstanceUid: name,
  view,
  laterality,
  special: false,
  forProcessing: false,
})
const shown = (seriesInstanceUid: string) => ({ studyInstanceUid: 'now', seriesInstanceUid })

describe('the series that is most like the one on screen', () => {
  it('has the same words, whatever its place', () => {
    const now = aStudy('now', aSeries('a', { description: 'Lung 1.0 B70f' }), aSeries('b', { description: 'Soft 3.0' }))
    const before = aStudy('before', aSeries('c', { description: 'soft 5.0' }), aSeries('d', { description: 'LUNG 1.5' }))
    expect(alike(now, shown('a'), before)?.series.seriesInstanceUid).toBe('d')
    expect(alike(now, shown('b'), before)?.series.seriesInstanceUid).toBe('c')
  })

  it('is the same projection', () => {
    const mg = (name: string) =>
      aSeries(name, { modality: 'MG', images: [anImage(`${name} RCC`, 'CC', 'R'), anImage(`${name} LCC`, 'CC', 'L')] })
    const now = aStudy('now', { ...mg('a'), images: [anImage('a LCC', 'CC', 'L')] })
    expect(alike(now, shown('a'), aStudy('before', mg('b')))?.sopInstanceUid).toBe('b LCC')
  })

  it('is of the same modality when no words fit, else the first with pictures', () => {
    const now = aStudy('now', aSeries('a', { description: 'Lung' }))
    const before = aStudy('before', aSeries('sr', { modality: 'SR', drawable: false }), aSeries('mr', { modality: 'MR' }), aSeries('ct', { description: 'Axial' }))
    expect(alike(now, shown('a'), before)?.series.seriesInstanceUid).toBe('ct')
    expect(alike(now, undefined, before)?.series.seriesInstanceUid).toBe('mr')
    expect(alike(now, shown('a'), aStudy('before', aSeries('sr', { drawable: false })))).toBeUndefined()
  })
})

describe('a study beside', () => {
  const place = (actions: readonly ViewerAction[]) => {
    let state = actions.reduce(viewerReducer, closed('now', false))
    const dispatch = (action: ViewerAction) => (state = viewerReducer(state, action))
    const cell = placeBeside({ state, dispatch }, { studyInstanceUid: 'before', seriesInstanceUid: 'x' })
    return { state, cell }
  }

  it('gives a single picture a neighbour', () => {
    const { state, cell } = place([{ type: 'place', placed: shown('a') }])
    expect([state.layout, cell, state.active]).toEqual([{ rows: 1, columns: 2 }, 1, 0])
    expect(state.cells.slice(0, 2).map((one) => one?.seriesInstanceUid)).toEqual(['a', 'x'])
  })

  it('takes the cell after the active one, which stays active', () => {
    const { state, cell } = place([
      { type: 'hang', layout: { rows: 2, columns: 2 }, cells: [shown('a'), shown('b'), shown('c'), shown('d')], active: 3 },
    ])
    expect([cell, state.active]).toEqual([0, 3])
    expect(state.cells.slice(0, 4).map((one) => one?.seriesInstanceUid)).toEqual(['x', 'b', 'c', 'd'])
  })
})
