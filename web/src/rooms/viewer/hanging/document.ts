/**
 * A hanging protocol: for which studies it is meant, and what hangs where. Our own document, version 1; it keeps the ideas of
 * the Hanging Protocol IOD (PS3.3 C.23.1 definition, C.23.3 display) and not its encoding. The server checks the same shape.
 */

export const DOCUMENT_VERSION = 1
export const MOST_ROWS = 4
export const MOST_COLUMNS = 4

export type Laterality = 'L' | 'R'
/** Projections by their usual short names: mammography CC, MLO, ML, LM; chest and bones PA, AP, LAT. */
export type ViewName = 'CC' | 'MLO' | 'ML' | 'LM' | 'PA' | 'AP' | 'LAT'

export interface ViewRule {
  readonly laterality?: Laterality
  readonly view?: ViewName
}

export interface Matching {
  /** Any of these; empty means every modality. */
  readonly modalities: readonly string[]
  /** Any of these body parts, as `bodyPartOf` names them; empty means every one. */
  readonly body_parts: readonly string[]
  /** Each of these must stand in the description of the study. */
  readonly description_words: readonly string[]
  /** Each of these projections must be there. */
  readonly views: readonly ViewRule[]
  /** How many series with pictures, from and to; null means no end. */
  readonly series_count: { readonly from: number | null; readonly to: number | null }
  /** Whether a comparable study of the same person must be there, must not, or does not matter. */
  readonly prior: 'needed' | 'absent' | 'any'
}

/** Which series hangs in a cell: everything that is given must be so, then the one at `place` among those that are left. */
export interface SeriesRule {
  readonly modality: string | null
  readonly description_words: readonly string[]
  readonly view: ViewRule | null
  /** From 1, in the order of series numbers. */
  readonly place: number
}

export interface CellWindow {
  readonly centre: number
  readonly width: number
}

export interface HungCell {
  readonly from: 'current' | 'prior'
  readonly series: SeriesRule
  /** null: as the file says. */
  readonly window: CellWindow | null
  readonly invert: boolean
  /** Clockwise, degrees. */
  readonly rotation: 0 | 90 | 180 | 270
  readonly flip_horizontal: boolean
  readonly flip_vertical: boolean
  /** The side of the screen at which the chest wall lies (mammography); overrides flip_horizontal. */
  readonly chest_wall: 'left' | 'right' | null
}

export interface HangingDocument {
  readonly version: typeof DOCUMENT_VERSION
  readonly name: string
  readonly matching: Matching
  readonly layout: { readonly rows: number; readonly columns: number }
  /** Row by row; null is a cell that stays empty. As many as the layout has. */
  readonly cells: readonly (HungCell | null)[]
  readonly linked_scroll: boolean
}

const VIEWS: ReadonlySet<string> = new Set(['CC', 'MLO', 'ML', 'LM', 'PA', 'AP', 'LAT'])

type Loose = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length <= most
const isWhole = (value: unknown, from: number, to: number): value is number => Number.isInteger(value) && Number(value) >= from && Number(value) <= to
const areTexts = (value: unknown, most: number): value is string[] => Array.isArray(value) && value.length <= most && value.every((one) => isText(one, 64) && one !== '')

function isViewRule(value: unknown): value is ViewRule {
  if (!isObject(value)) return false
  const { laterality, view } = value
  return (laterality === undefined || laterality === 'L' || laterality === 'R') && (view === undefined || (isText(view, 4) && VIEWS.has(view)))
}

function isMatching(value: unknown): value is Matching {
  if (!isObject(value) || !isObject(value.series_count)) return false
  const { from, to } = value.series_count
  return (
    areTexts(value.modalities, 30) &&
    areTexts(value.body_parts, 30) &&
    areTexts(value.description_words, 30) &&
    Array.isArray(value.views) &&
    value.views.length <= 16 &&
    value.views.every(isViewRule) &&
    (from === null || isWhole(from, 0, 10_000)) &&
    (to === null || isWhole(to, 0, 10_000)) &&
    (value.prior === 'needed' || value.prior === 'absent' || value.prior === 'any')
  )
}

function isSeriesRule(value: unknown): value is SeriesRule {
  if (!isObject(value)) return false
  return (
    (value.modality === null || isText(value.modality, 16)) &&
    areTexts(value.description_words, 30) &&
    (value.view === null || isViewRule(value.view)) &&
    isWhole(value.place, 1, 1000)
  )
}

function isWindow(value: unknown): value is CellWindow {
  return isObject(value) && Number.isFinite(value.centre) && Number.isFinite(value.width) && Number(value.width) > 0
}

function isCell(value: unknown): value is HungCell {
  if (!isObject(value)) return false
  return (
    (value.from === 'current' || value.from === 'prior') &&
    isSeriesRule(value.series) &&
    (value.window === null || isWindow(value.window)) &&
    [value.invert, value.flip_horizontal, value.flip_vertical].every((flag) => typeof flag === 'boolean') &&
    [0, 90, 180, 270].includes(Number(value.rotation)) &&
    (value.chest_wall === null || value.chest_wall === 'left' || value.chest_wall === 'right')
  )
}

/** The document that this is; undefined where it is none that this version of the client understands. */
export function readDocument(value: unknown): HangingDocument | undefined {
  if (!isObject(value) || value.version !== DOCUMENT_VERSION || !isObject(value.layout)) return undefined
  const { rows, columns } = value.layout
  const right =
    isText(value.name, 100) &&
    value.name.trim() !== '' &&
    isMatching(value.matching) &&
    isWhole(rows, 1, MOST_ROWS) &&
    isWhole(columns, 1, MOST_COLUMNS) &&
    Array.isArray(value.cells) &&
    value.cells.length === rows * columns &&
    value.cells.every((cell) => cell === null || isCell(cell)) &&
    value.cells.some((cell) => cell !== null) &&
    typeof value.linked_scroll === 'boolean'
  return right ? (value as unknown as HangingDocument) : undefined
}
