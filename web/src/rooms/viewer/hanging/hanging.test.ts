/** The table of studies and what is expected to hang: a change of matching or of what is built in shows here. */
import { describe, expect, it } from 'vitest'

import { arrange, type Scene } from './arrange'
import { BUILT_IN } from './built-in'
import { byExample, type ShownCell, tellingWords } from './by-example'
import { type HangingDocument, readDocument } from './document'
import { type ImageFacts, imageFactsOf, type SeriesFacts, type StudyFacts } from './facts'
import { type Hanging, rankHangings } from './match'
import { bodyPartsOf } from './words'

function aSeries(name: string, about: Partial<SeriesFacts> = {}): SeriesFacts {
  const [, modality = 'CT'] = /^(\w\w)/.exec(name) ?? []
  return { seriesInstanceUid: name, modality, number: 1, description: '', bodyPart: undefined, count: 10, drawable: true, images: [], ...about }
}

function anImage(name: string, about: Partial<ImageFacts> = {}): ImageFacts {
  return { sopInstanceUid: name, laterality: undefined, view: undefined, special: false, forProcessing: false, ...about }
}

function aStudy(description: string, series: readonly SeriesFacts[], name = 'now'): StudyFacts {
  return { studyInstanceUid: name, date: '20240305', description, series }
}

const BREASTS = (['R', 'L'] as const).flatMap((laterality) => (['MLO', 'CC'] as const).map((view) => ({ laterality, view })))
const mammogram = (name = 'now') =>
  aStudy(
    'Screening mammography',
    BREASTS.map((view) => aSeries(`MG ${view.laterality}${view.view} ${name}`, { images: [anImage(`${name} ${view.laterality}${view.view}`, view)] })),
    name,
  )
const chestFilm = (views: readonly ('PA' | 'AP' | 'LAT')[], name = 'now') =>
  aStudy('Chest', [aSeries(`DX films ${name}`, { bodyPart: 'CHEST', images: views.map((view) => anImage(`${name} ${view}`, { view })) })], name)
const mr = (count: number, name = 'now') =>
  aStudy('MR brain', Array.from({ length: count }, (_, index) => aSeries(`MR ${index + 1} ${name}`, { description: `T${index} TSE` })), name)
const ct = (name = 'now') => aStudy('CT chest', [aSeries(`CT lung ${name}`, { description: 'Lung 1.0' }), aSeries(`CT soft ${name}`)], name)

function chosen(current: StudyFacts, prior?: StudyFacts, more: readonly Hanging[] = []): { name: string; cells: (string | undefined)[] } {
  const scene = { current, prior, comparable: prior !== undefined }
  const [best] = rankHangings([...BUILT_IN, ...more], scene)
  if (!best) return { name: 'none', cells: [] }
  const { cells } = arrange(best.document, scene)
  return { name: best.document.name, cells: cells.map((cell) => cell?.sopInstanceUid ?? cell?.seriesInstanceUid) }
}

const TABLE: readonly (readonly [what: string, current: StudyFacts, prior: StudyFacts | undefined, name: string, cells: readonly (string | undefined)[]])[] = [
  ['a CT', ct(), undefined, 'one', ['CT lung now']],
  ['a CT with one before: comparing is on demand', ct(), ct('before'), 'one', ['CT lung now']],
  ['a report before the images', aStudy('CT', [aSeries('SR', { drawable: false }), aSeries('CT a')]), undefined, 'one', ['CT a']],
  ['an MR of two series', mr(2), undefined, 'mr-series', ['MR 1 now', 'MR 2 now']],
  ['an MR of six series', mr(6), undefined, 'mr-four-series', ['MR 1 now', 'MR 2 now', 'MR 3 now', 'MR 4 now']],
  ['an MR of one series', mr(1), undefined, 'one', ['MR 1 now']],
  ['a mammogram', mammogram(), undefined, 'breasts', ['now RCC', 'now LCC', 'now RMLO', 'now LMLO']],
  [
    'a mammogram with one before',
    mammogram(),
    mammogram('before'),
    'breasts-with-prior',
    ['now RCC', 'now LCC', 'before RCC', 'before LCC', 'now RMLO', 'now LMLO', 'before RMLO', 'before LMLO'],
  ],
  [
    'a mammogram of the left breast',
    aStudy('', mammogram().series.filter((one) => one.images[0]?.laterality === 'L')),
    undefined,
    'left-breast',
    ['now LCC', 'now LMLO'],
  ],
  ['a chest film from behind', chestFilm(['PA']), undefined, 'one', ['DX films now']],
  ['a chest film from behind and the side, side first', chestFilm(['LAT', 'PA']), undefined, 'chest-pa-lateral', ['now PA', 'now LAT']],
  ['a chest film in bed, with one before', chestFilm(['AP']), chestFilm(['AP'], 'before'), 'chest-ap-with-prior', ['now AP', 'before AP']],
  [
    'both views, now and before',
    chestFilm(['PA', 'LAT']),
    chestFilm(['PA', 'LAT'], 'before'),
    'chest-pa-lateral-with-prior',
    ['now PA', 'before PA', 'now LAT', 'before LAT'],
  ],
  ['both views, before from behind only', chestFilm(['PA', 'LAT']), chestFilm(['PA'], 'before'), 'chest-pa-lateral', ['now PA', 'now LAT']],
  ['nothing that can be drawn', aStudy('', [aSeries('SR', { drawable: false })]), undefined, 'none', []],
]

describe('what hangs by itself', () => {
  it.each(TABLE)('%s', (_, current, prior, name, cells) => {
    expect(chosen(current, prior)).toEqual({ name, cells })
  })

  it('offers comparing on demand, after what hangs by itself', () => {
    const offered = rankHangings(BUILT_IN, { current: ct(), prior: undefined, comparable: true })
    expect(offered.map(({ document }) => document.name)).toEqual(['one', 'with-prior', 'two-series'])
    expect(rankHangings(BUILT_IN, { current: ct(), prior: undefined, comparable: false }).map(({ document }) => document.name)).not.toContain('with-prior')
  })

  it('prefers plain views to spot views, and what is for eyes to what is for computers', () => {
    const view = { laterality: 'R', view: 'CC' } as const
    const images = [
      anImage('raw', { ...view, forProcessing: true }),
      anImage('spot', { ...view, special: true }),
      anImage('plain', view),
      anImage('oblique', { laterality: 'R', view: 'MLO' }),
    ]
    expect(chosen(aStudy('', [aSeries('MG all', { images })])).cells).toEqual(['plain', 'oblique'])
  })

  it('turns chest walls toward the middle', () => {
    const [breasts] = rankHangings(BUILT_IN, { current: mammogram(), prior: undefined, comparable: false })
    const cells = breasts ? arrange(breasts.document, { current: mammogram(), prior: undefined }).cells : []
    expect(cells.map((cell) => cell?.chestWall)).toEqual(['right', 'left', 'right', 'left'])
  })
})

const shown = (seriesInstanceUid: string, about: Partial<ShownCell> = {}): ShownCell => ({
  from: 'current',
  seriesInstanceUid,
  sopInstanceUid: undefined,
  window: null,
  invert: false,
  rotation: 0,
  flipHorizontal: false,
  flipVertical: false,
  chestWall: null,
  ...about,
})

function kept(scene: Scene, cells: readonly (ShownCell | undefined)[], [rows, columns]: readonly [number, number]): HangingDocument {
  const made = byExample({ name: 'Mine', rows, columns, cells, current: scene.current, prior: scene.prior, linkedScroll: true })
  if (!made) throw new Error('nothing to keep')
  return made
}

describe('a hanging kept by example', () => {
  const scene = { current: ct(), prior: ct('before') }

  it('hangs the same study the same way', () => {
    const cells = [shown('CT soft now', { window: { centre: 50, width: 350 } }), shown('CT lung before', { from: 'prior', invert: true, rotation: 90 })]
    const document = kept(scene, cells, [1, 2])
    expect(readDocument(JSON.parse(JSON.stringify(document)))).toEqual(document)
    const again = arrange(document, scene).cells
    expect(again.map((cell) => cell?.seriesInstanceUid)).toEqual(['CT soft now', 'CT lung before'])
    expect(again[0]?.window).toEqual({ centre: 50, width: 350 })
    expect(again[1]).toMatchObject({ from: 'prior', studyInstanceUid: 'before', invert: true, rotation: 90 })
  })

  it('is chosen for a study like it, before what is built in and what the institution has', () => {
    const document = kept({ current: mr(4), prior: undefined }, [shown('MR 2 now'), shown('MR 3 now')], [1, 2])
    const hangings: Hanging[] = [
      { id: '1', scope: 'institution', document: { ...document, name: 'Theirs' } },
      { id: '2', scope: 'user', document },
    ]
    expect(chosen(mr(5, 'next'), undefined, hangings)).toEqual({ name: 'Mine', cells: ['MR 2 next', 'MR 3 next'] })
    expect(chosen(ct(), undefined, hangings).name).toBe('one')
  })

  it('asks for the study before when one was shown, and is left out where there is none', () => {
    const document = kept(scene, [shown('CT lung now'), shown('CT lung before', { from: 'prior' })], [1, 2])
    expect(document.matching).toMatchObject({ modalities: ['CT'], body_parts: ['CHEST'], prior: 'needed' })
    const mine: Hanging = { id: '3', scope: 'user', document }
    expect(chosen(ct('other'), ct('older'), [mine]).cells).toEqual(['CT lung other', 'CT lung older'])
    expect(chosen(ct('other'), undefined, [mine]).name).toBe('one')
  })

  it('tells series of one description apart by their place', () => {
    const study = aStudy('MR', ['a', 'b', 'c'].map((name) => aSeries(`MR ${name}`, { description: 'AX DWI 3.0' })))
    const document = kept({ current: study, prior: undefined }, [shown('MR c'), undefined], [2, 1])
    expect(document.cells).toMatchObject([{ series: { place: 3, description_words: ['ax', 'dwi'] } }, null])
    expect(arrange(document, { current: study, prior: undefined }).cells[0]?.seriesInstanceUid).toBe('MR c')
  })

  it('gives way when what it hangs is not there', () => {
    const document = kept({ current: mr(4), prior: undefined }, [shown('MR 4 now')], [1, 1])
    expect(chosen(mr(3, 'small'), undefined, [{ id: '4', scope: 'user', document }]).name).toBe('mr-series')
  })

  it('keeps projections by their view, not by their place', () => {
    const current = mammogram()
    const document = kept({ current, prior: undefined }, [shown('MG LMLO now', { sopInstanceUid: 'now LMLO' })], [1, 1])
    expect(document.cells[0]?.series).toEqual({ modality: 'MG', description_words: [], view: { laterality: 'L', view: 'MLO' }, place: 1 })
  })

  it('is nothing where nothing hangs', () => {
    expect(byExample({ name: 'x', rows: 1, columns: 1, cells: [undefined], current: ct(), prior: undefined, linkedScroll: false })).toBeUndefined()
  })
})

describe('documents', () => {
  const document = BUILT_IN[0]?.document

  it('are ours when they are whole', () => {
    for (const { document: each } of BUILT_IN) expect(readDocument(each), each.name).toEqual(each)
  })

  it.each([
    ['another version', { version: 2 }],
    ['too many rows', { layout: { rows: 5, columns: 1 } }],
    ['fewer cells than the layout has', { layout: { rows: 2, columns: 1 } }],
    ['no name', { name: ' ' }],
    ['a cell that is no cell', { cells: [{ from: 'elsewhere' }] }],
    ['a window without width', { cells: [{ ...document?.cells[0], window: { centre: 1, width: 0 } }] }],
  ])('are refused with %s', (_, change) => {
    expect(readDocument({ ...document, ...change })).toBeUndefined()
  })
})

describe('facts', () => {
  it('are read from an instance', () => {
    const dataSet = {
      '00080018': { vr: 'UI', Value: ['1.2'] },
      '00080068': { vr: 'CS', Value: ['FOR PRESENTATION'] },
      '00200062': { vr: 'CS', Value: ['R'] },
      '00540220': {
        vr: 'SQ',
        Value: [{ '00080100': { vr: 'SH', Value: ['399162004'] }, '00540222': { vr: 'SQ', Value: [{ '00080100': { vr: 'SH', Value: ['399055006'] } }] } }],
      },
    }
    expect(imageFactsOf(dataSet)).toEqual({ sopInstanceUid: '1.2', laterality: 'R', view: 'CC', special: true, forProcessing: false })
    expect(imageFactsOf({ '00185101': { vr: 'CS', Value: ['LL'] } }).view).toBe('LAT')
    expect(imageFactsOf({}).view).toBeUndefined()
  })

  it.each([
    ['CT Chest^Abdomen', ['CHEST', 'ABDOMEN']],
    ['MRI Hippocampus', []],
    ['Cervical spine', ['CSPINE']],
    ['胸部平扫', ['CHEST']],
    ['头颅CT 医学中心', ['HEAD']],
    ['THORAX', ['CHEST']],
  ])('name body parts alike: %s', (text, parts) => {
    expect(bodyPartsOf([text])).toEqual(parts)
  })

  it('keep the words that say what a series is', () => {
    expect(tellingWords('AX T2 FLAIR 3.0 B70f 20240101')).toEqual(['ax', 't2', 'flair'])
  })
})
