/** "Keep this hanging": a protocol from what is on screen, so that the same study hangs the same way again, and others like it. Pure. */
import { choicesFor } from './arrange'
import { type CellWindow, DOCUMENT_VERSION, type HangingDocument, type HungCell, type Matching, type SeriesRule, type ViewRule } from './document'
import { type ImageFacts, PROJECTIONS, type SeriesFacts, type StudyFacts } from './facts'
import { bodyPartsOf, plainWords } from './words'

/** One cell as it is on screen. */
export interface ShownCell {
  readonly from: 'current' | 'prior'
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string | undefined
  /** Only where it was changed from what the file says. */
  readonly window: CellWindow | null
  readonly invert: boolean
  readonly rotation: 0 | 90 | 180 | 270
  readonly flipHorizontal: boolean
  readonly flipVertical: boolean
  /** The side at which the chest wall is, of a breast; a mirrored image is kept by this, not by its mirroring. */
  readonly chestWall: 'left' | 'right' | null
}

export interface Shown {
  readonly name: string
  readonly rows: number
  readonly columns: number
  readonly cells: readonly (ShownCell | undefined)[]
  readonly current: StudyFacts
  readonly prior: StudyFacts | undefined
  readonly linkedScroll: boolean
}

/** Words that say what a series is; numbers, kernels and dates say what this one is. */
export function tellingWords(description: string): string[] {
  const telling = plainWords(description)
    .split(' ')
    .filter((word) => /^\p{L}{2,}$/u.test(word) || /^(t[12]|t2f|b\d{1,4})$/.test(word))
  return [...new Set(telling)].slice(0, 8).map((word) => word.slice(0, 64))
}

function viewRuleOf({ laterality, view }: ImageFacts): ViewRule | null {
  if (view === undefined) return null
  return { view, ...(laterality && { laterality }) }
}

/** The rule that finds this series, and where a projection is meant, this image of it. */
export function ruleFor(study: StudyFacts, series: SeriesFacts, sopInstanceUid: string | undefined): SeriesRule {
  const image = series.images.find((one) => one.sopInstanceUid === sopInstanceUid) ?? series.images[0]
  const view = image && PROJECTIONS.has(series.modality ?? '') ? viewRuleOf(image) : null
  const rule = {
    modality: series.modality ?? null,
    description_words: view ? [] : tellingWords(series.description),
    view,
    place: 1,
  }
  const choices = choicesFor(rule, study)
  const exact = choices.findIndex((choice) => choice.series === series && (view === null || choice.image === image))
  return { ...rule, place: exact + 1 }
}

function cellOf(shown: ShownCell, study: StudyFacts | undefined): HungCell | null {
  const series = study?.series.find((one) => one.seriesInstanceUid === shown.seriesInstanceUid)
  if (!study || !series?.drawable) return null
  const { from, window, invert, rotation, flipHorizontal, flipVertical, chestWall } = shown
  const rule = ruleFor(study, series, shown.sopInstanceUid)
  const lie = { rotation, flip_horizontal: flipHorizontal, flip_vertical: flipVertical }
  return { from, series: rule, window, invert, ...lie, chest_wall: rule.view?.laterality ? chestWall : null }
}

function matchingOf({ current }: Shown, cells: readonly (HungCell | null)[]): Matching {
  const hung = cells.filter((cell) => cell !== null)
  const now = hung.filter((cell) => cell.from === 'current')
  const modalities = now.flatMap(({ series }) => (series.modality === null ? [] : [series.modality]))
  return {
    modalities: [...new Set(modalities)],
    body_parts: bodyPartsOf([current.description, ...current.series.map((one) => one.bodyPart)]),
    description_words: [],
    views: now.flatMap(({ series }) => (series.view ? [series.view] : [])),
    series_count: { from: null, to: null },
    prior: hung.some((cell) => cell.from === 'prior') ? 'needed' : 'any',
  }
}

/** undefined where nothing that can hang again is on screen. */
export function byExample(shown: Shown): HangingDocument | undefined {
  const cells = shown.cells.map((cell) => (cell ? cellOf(cell, cell.from === 'prior' ? shown.prior : shown.current) : null))
  if (cells.every((cell) => cell === null)) return undefined
  return {
    version: DOCUMENT_VERSION,
    name: shown.name.trim(),
    matching: matchingOf(shown, cells),
    layout: { rows: shown.rows, columns: shown.columns },
    cells,
    linked_scroll: shown.linkedScroll,
  }
}
