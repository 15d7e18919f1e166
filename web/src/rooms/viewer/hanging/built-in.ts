/** Protocols that everybody has: what is usual where nobody kept something better. */
import { DOCUMENT_VERSION, type HangingDocument, type HungCell, type Laterality, type Matching, type SeriesRule, type ViewName } from './document'
import type { Hanging } from './match'

const ANYTHING: Matching = {
  modalities: [],
  body_parts: [],
  description_words: [],
  views: [],
  series_count: { from: null, to: null },
  prior: 'any',
}
const NTH = (place: number): SeriesRule => ({ modality: null, description_words: [], view: null, place })
const AS_STORED = { window: null, invert: false, rotation: 0, flip_horizontal: false, flip_vertical: false, chest_wall: null } as const

function cell(series: SeriesRule, from: HungCell['from'] = 'current'): HungCell {
  return { from, series, ...AS_STORED }
}

/** A projection; of a breast, with the chest wall toward the middle: right breast left of it, left breast right of it. */
function projection(modality: string | null, view: ViewName, laterality?: Laterality, from: HungCell['from'] = 'current'): HungCell {
  const rule = { modality, description_words: [], view: { view, ...(laterality && { laterality }) }, place: 1 }
  return { ...cell(rule, from), chest_wall: laterality === undefined ? null : laterality === 'R' ? 'right' : 'left' }
}

function builtIn(name: string, rows: number, columns: number, matching: Partial<Matching>, cells: readonly (HungCell | null)[]): Hanging {
  const document: HangingDocument = {
    version: DOCUMENT_VERSION,
    name,
    matching: { ...ANYTHING, ...matching },
    layout: { rows, columns },
    cells,
    linked_scroll: true,
  }
  return { id: `built-in:${name}`, scope: 'built-in', document }
}

/** What is hung now at the left of what was hung before, row by row. */
function besideBefore(now: readonly HungCell[], columns: number): HungCell[] {
  const rows = Array.from({ length: now.length / columns }, (_, row) => now.slice(row * columns, (row + 1) * columns))
  return rows.flatMap((row) => [...row, ...row.map((each) => ({ ...each, from: 'prior' as const }))])
}

const onDemand = (hanging: Hanging): Hanging => ({ ...hanging, onDemand: true })

const FILMS = ['CR', 'DX', 'RG']
const BREASTS = (['CC', 'MLO'] as const).flatMap((view) => (['R', 'L'] as const).map((laterality) => ({ view, laterality })))
const BREAST_CELLS = BREASTS.map(({ view, laterality }) => projection('MG', view, laterality))

function oneBreast(name: string, laterality: Laterality): Hanging {
  const views = [
    { view: 'CC', laterality },
    { view: 'MLO', laterality },
  ] as const
  return builtIn(name, 1, 2, { modalities: ['MG'], views }, views.map(({ view }) => projection('MG', view, laterality)))
}

/** Chest films in one direction, with and without the side view, now and before. */
function chest(view: 'PA' | 'AP'): Hanging[] {
  const name = `chest-${view.toLowerCase()}`
  const matching = { modalities: FILMS, body_parts: ['CHEST'] }
  const front = projection(null, view)
  const both = [front, projection(null, 'LAT')]
  const twoViews = [{ view }, { view: 'LAT' as const }]
  // Front views are read together first: the side views stand below them.
  const rows = both.flatMap((each) => besideBefore([each], 1))
  return [
    builtIn(`${name}-lateral`, 1, 2, { ...matching, views: twoViews }, both),
    builtIn(`${name}-with-prior`, 1, 2, { ...matching, views: [{ view }], prior: 'needed' }, besideBefore([front], 1)),
    builtIn(`${name}-lateral-with-prior`, 2, 2, { ...matching, views: twoViews, prior: 'needed' }, rows),
  ]
}

/** The names are keys of the catalogue: hanging.builtIn.<name>. */
export const BUILT_IN: readonly Hanging[] = [
  builtIn('one', 1, 1, {}, [cell(NTH(1))]),
  onDemand(builtIn('two-series', 1, 2, { series_count: { from: 2, to: null } }, [cell(NTH(1)), cell(NTH(2))])),
  onDemand(builtIn('with-prior', 1, 2, { prior: 'needed' }, besideBefore([cell(NTH(1))], 1))),
  builtIn('breasts', 2, 2, { modalities: ['MG'], views: BREASTS }, BREAST_CELLS),
  builtIn('breasts-with-prior', 2, 4, { modalities: ['MG'], views: BREASTS, prior: 'needed' }, besideBefore(BREAST_CELLS, 2)),
  oneBreast('right-breast', 'R'),
  oneBreast('left-breast', 'L'),
  ...chest('PA'),
  ...chest('AP'),
  builtIn('film-with-prior', 1, 2, { modalities: FILMS, prior: 'needed' }, besideBefore([cell(NTH(1))], 1)),
  builtIn('mr-four-series', 2, 2, { modalities: ['MR'], series_count: { from: 4, to: null } }, [1, 2, 3, 4].map((place) => cell(NTH(place)))),
  builtIn('mr-series', 1, 2, { modalities: ['MR'], series_count: { from: 2, to: 3 } }, [cell(NTH(1)), cell(NTH(2))]),
]
