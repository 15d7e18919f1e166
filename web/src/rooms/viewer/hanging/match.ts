/** Which protocols are meant for a study, the fittest first. Pure. */
import { arrange, type Scene } from './arrange'
import type { HangingDocument, Matching, ViewRule } from './document'
import type { StudyFacts } from './facts'
import { bodyPartsOf, holdsWords } from './words'

export type Scope = 'user' | 'department' | 'institution' | 'built-in'

export interface Hanging {
  readonly id: string
  readonly scope: Scope
  /** Never chosen by itself, only offered. */
  readonly onDemand?: boolean
  readonly document: HangingDocument
}

/** comparable: whether there is a study to compare with, open or not. */
export interface Occasion extends Scene {
  readonly comparable: boolean
}

const NEAREST: readonly Scope[] = ['user', 'department', 'institution', 'built-in']

export function bodyPartsOfStudy({ description, series }: StudyFacts): readonly string[] {
  return bodyPartsOf([description, ...series.flatMap((one) => [one.bodyPart, one.description])])
}

const shares = (wanted: readonly string[], found: readonly (string | undefined)[]) =>
  wanted.length === 0 || wanted.some((one) => found.includes(one))

function hasView(study: StudyFacts, { laterality, view }: ViewRule): boolean {
  return study.series.some(
    (series) =>
      series.drawable &&
      series.images.some(
        (image) => (laterality === undefined || image.laterality === laterality) && (view === undefined || image.view === view),
      ),
  )
}

export function matches(matching: Matching, { current, comparable }: Occasion): boolean {
  const drawable = current.series.filter((one) => one.drawable)
  const { from, to } = matching.series_count
  const modalities = drawable.map((one) => one.modality)
  return (
    shares(matching.modalities, modalities) &&
    (matching.body_parts.length === 0 || shares(matching.body_parts, bodyPartsOfStudy(current))) &&
    holdsWords(current.description, matching.description_words) &&
    matching.views.every((view) => hasView(current, view)) &&
    (from === null || drawable.length >= from) &&
    (to === null || drawable.length <= to) &&
    (matching.prior === 'any' || (matching.prior === 'needed') === comparable)
  )
}

/** How much a protocol asks for: what asks for more was meant more exactly. */
export function exactness({ modalities, body_parts, description_words, views, series_count, prior }: Matching): number {
  return (
    views.length * 16 +
    description_words.length * 8 +
    Number(body_parts.length > 0) * 4 +
    Number(prior !== 'any') * 3 +
    Number(modalities.length > 0) * 2 +
    Number(series_count.from !== null || series_count.to !== null)
  )
}

/** Cells of an unopened study for comparison count as found: it is opened when the protocol is chosen. */
function missingOf(document: HangingDocument, occasion: Occasion): number {
  const { missing } = arrange(document, occasion)
  if (occasion.prior || !occasion.comparable) return missing
  return missing - document.cells.filter((cell) => cell?.from === 'prior').length
}

/**
 * Those that match: those on demand last; the ones that find all they hang before the ones that do not; then one's own before the department's before
 * the institution's before ours, then the more exact, then by name. One that would find nothing at all is left out.
 */
export function rankHangings(hangings: readonly Hanging[], occasion: Occasion): readonly Hanging[] {
  const wanted = (document: HangingDocument) => document.cells.filter((cell) => cell !== null).length
  return hangings
    .filter(({ document }) => matches(document.matching, occasion))
    .map((hanging) => ({ hanging, missing: missingOf(hanging.document, occasion) }))
    .filter(({ hanging, missing }) => missing < wanted(hanging.document))
    .sort(
      (a, b) =>
        Number(a.hanging.onDemand ?? false) - Number(b.hanging.onDemand ?? false) ||
        Number(a.missing > 0) - Number(b.missing > 0) ||
        NEAREST.indexOf(a.hanging.scope) - NEAREST.indexOf(b.hanging.scope) ||
        exactness(b.hanging.document.matching) - exactness(a.hanging.document.matching) ||
        (a.hanging.document.name < b.hanging.document.name ? -1 : 1),
    )
    .map(({ hanging }) => hanging)
}
