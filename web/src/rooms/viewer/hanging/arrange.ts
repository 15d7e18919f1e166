/** From a protocol and what is there to what hangs where. Pure: the same study always hangs alike. */
import type { CellWindow, HangingDocument, HungCell, SeriesRule, ViewRule } from './document'
import type { ImageFacts, SeriesFacts, StudyFacts } from './facts'
import { holdsWords } from './words'

export interface HungSeries {
  readonly from: 'current' | 'prior'
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  /** The image to begin with; undefined: the first. */
  readonly sopInstanceUid: string | undefined
  readonly window: CellWindow | null
  readonly invert: boolean
  readonly rotation: 0 | 90 | 180 | 270
  readonly flipHorizontal: boolean
  readonly flipVertical: boolean
  readonly chestWall: 'left' | 'right' | null
}

export interface Arrangement {
  readonly rows: number
  readonly columns: number
  readonly cells: readonly (HungSeries | undefined)[]
  readonly linkedScroll: boolean
  /** Cells that should hold something and found nothing. */
  readonly missing: number
}

/** current and, once it is open, the study to compare with. */
export interface Scene {
  readonly current: StudyFacts
  readonly prior: StudyFacts | undefined
}

interface Choice {
  readonly series: SeriesFacts
  readonly image: ImageFacts | undefined
}

function fitsView(image: ImageFacts, { laterality, view }: ViewRule): boolean {
  return (laterality === undefined || image.laterality === laterality) && (view === undefined || image.view === view)
}

/** For eyes before for computers, plain views before special ones; else as they come. */
const plainness = ({ forProcessing, special }: ImageFacts) => Number(forProcessing) * 2 + Number(special)

/** All that a rule allows, the best first. */
export function choicesFor(rule: SeriesRule, study: StudyFacts): readonly Choice[] {
  const allowed = study.series.filter(
    (series) =>
      series.drawable &&
      (rule.modality === null || series.modality === rule.modality) &&
      holdsWords(series.description, rule.description_words),
  )
  const { view } = rule
  if (view === null) return allowed.map((series) => ({ series, image: undefined }))
  return allowed
    .flatMap((series) => series.images.filter((image) => fitsView(image, view)).map((image) => ({ series, image })))
    .sort((a, b) => plainness(a.image) - plainness(b.image))
}

function hung(cell: HungCell, { current, prior }: Scene): HungSeries | undefined {
  const study = cell.from === 'prior' ? prior : current
  const choice = study && choicesFor(cell.series, study)[cell.series.place - 1]
  if (!study || !choice) return undefined
  return {
    from: cell.from,
    studyInstanceUid: study.studyInstanceUid,
    seriesInstanceUid: choice.series.seriesInstanceUid,
    sopInstanceUid: choice.image?.sopInstanceUid,
    window: cell.window,
    invert: cell.invert,
    rotation: cell.rotation,
    flipHorizontal: cell.flip_horizontal,
    flipVertical: cell.flip_vertical,
    chestWall: cell.chest_wall,
  }
}

export function arrange(document: HangingDocument, scene: Scene): Arrangement {
  const cells = document.cells.map((cell) => (cell === null ? undefined : hung(cell, scene)))
  const missing = document.cells.filter((cell, index) => cell !== null && cells[index] === undefined).length
  return { ...document.layout, cells, linkedScroll: document.linked_scroll, missing }
}
