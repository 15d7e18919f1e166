/** Which study one compares with: of the same kind first, then the newest. Pure. */
import type { components } from '../../../api/schema'
import { bodyPartsOf } from '../hanging/words'

export type Prior = components['schemas']['Prior']

/** same: modality and body part; modality: the same modality, and nothing speaks against the body part. */
export type Relevance = 'same' | 'modality' | 'body-part' | 'other'

const ORDER: readonly Relevance[] = ['same', 'modality', 'body-part', 'other']

/** What is read of the study on screen. */
export interface Compared {
  readonly modalities: readonly string[]
  readonly bodyParts: readonly string[]
  readonly studyDate: string
}

/** Modalities that show no picture of a body, or the same as another. */
const ASIDE: ReadonlySet<string> = new Set(['SR', 'KO', 'PR', 'DOC', 'SEG', 'REG', 'RTSTRUCT', 'RTPLAN', 'AU'])
const ALIKE: Readonly<Record<string, string>> = { CR: 'film', DX: 'film', RG: 'film' }

const kindsOf = (modalities: readonly string[]) => modalities.filter((one) => !ASIDE.has(one)).map((one) => ALIKE[one] ?? one)
const overlap = (a: readonly string[], b: readonly string[]) => a.some((one) => b.includes(one))

export function bodyPartsOfPrior({ body_parts: parts, study_description: description }: Prior): readonly string[] {
  return bodyPartsOf([description, ...parts])
}

export function relevanceOf(prior: Prior, current: Compared): Relevance {
  const modality = overlap(kindsOf(prior.modalities), kindsOf(current.modalities))
  const parts = bodyPartsOfPrior(prior)
  const known = parts.length > 0 && current.bodyParts.length > 0
  const bodyPart = known && overlap(parts, current.bodyParts)
  if (modality && bodyPart) return 'same'
  if (modality && !known) return 'modality'
  return bodyPart ? 'body-part' : 'other'
}

export interface RatedPrior {
  readonly prior: Prior
  readonly relevance: Relevance
}

/** By relevance, then those from before the study before those after it, then the nearest in time. */
export function rated(priors: readonly Prior[], current: Compared): readonly RatedPrior[] {
  const newestFirst = (a: Prior, b: Prior) => {
    const [first, second] = [`${a.study_date ?? ''}${a.study_time ?? ''}`, `${b.study_date ?? ''}${b.study_time ?? ''}`]
    return first === second ? 0 : first > second ? -1 : 1
  }
  return priors
    .map((prior) => ({ prior, relevance: relevanceOf(prior, current) }))
    .sort(
      (a, b) =>
        ORDER.indexOf(a.relevance) - ORDER.indexOf(b.relevance) ||
        Number(a.prior.later) - Number(b.prior.later) ||
        (a.prior.later ? newestFirst(b.prior, a.prior) : newestFirst(a.prior, b.prior)),
    )
}

/** The one that hanging protocols mean by "the prior"; undefined where none is of the same kind and earlier. */
export function comparable(found: readonly RatedPrior[]): Prior | undefined {
  const [best] = found.filter(({ prior, relevance }) => !prior.later && (relevance === 'same' || relevance === 'modality'))
  return best?.prior
}

export interface Interval {
  readonly unit: 'days' | 'months' | 'years'
  readonly count: number
}

/** How long before the other day, in the unit that says most; undefined when a date is not known. Dates are YYYYMMDD. */
export function intervalBetween(earlier: string | null | undefined, later: string | null | undefined): Interval | undefined {
  const [from, to] = [dayOf(earlier), dayOf(later)]
  if (from === undefined || to === undefined) return undefined
  const days = Math.abs(Math.round((to - from) / 86_400_000))
  if (days < 60) return { unit: 'days', count: days }
  const months = Math.round(days / 30.44)
  return months < 24 ? { unit: 'months', count: months } : { unit: 'years', count: Math.floor(days / 365.25) }
}

function dayOf(date: string | null | undefined): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(date ?? '')
  if (!match) return undefined
  const at = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]))
  return Number.isNaN(at) ? undefined : at
}
