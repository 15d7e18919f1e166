/** Which isodose lines a reader wants, and what a percentage of them means. */
import type { DoseFacts } from './protocol'

/** What levels are told in: percent of what the plan prescribes, percent of the highest dose of the grid, or the dose itself. */
export type LevelBasis = 'prescription' | 'highest' | 'dose'

export interface IsodoseChoice {
  readonly on: boolean
  readonly basis: LevelBasis
  readonly levels: readonly number[]
}

const SHARES = [95, 90, 80, 70, 50, 30]
/** Lines beyond these cannot be told apart any more. */
export const MOST_LEVELS = 12

/** Before the reader chooses: of the prescription where it is known, of the highest dose where not. */
export function firstChoice({ prescription }: DoseFacts): IsodoseChoice {
  return prescription ? { on: true, basis: 'prescription', levels: [107, 100, ...SHARES] } : { on: true, basis: 'highest', levels: SHARES }
}

/** What 100 % is, in the unit of the dose; undefined for the dose itself. */
export function wholeOf(basis: LevelBasis, { highest, prescription }: DoseFacts): number | undefined {
  if (basis === 'dose') return undefined
  return basis === 'prescription' ? prescription?.gray : highest
}

/** The levels in the unit of the dose, in the order of the choice. */
export function levelsIn({ on, basis, levels }: IsodoseChoice, facts: DoseFacts): readonly number[] {
  const whole = wholeOf(basis, facts)
  if (!on || (basis !== 'dose' && whole === undefined)) return []
  return levels.map((level) => (whole === undefined ? level : (level * whole) / 100))
}

/** Levels out of what was typed, falling, each once; undefined when a part of it is no number above nought, or there are too many. */
export function readLevels(text: string): readonly number[] | undefined {
  const words = text.split(/[\s,;，；、%]+/u).filter(Boolean)
  const found = [...new Set(words.map(Number))]
  const good = found.length > 0 && found.length <= MOST_LEVELS && found.every((level) => Number.isFinite(level) && level > 0)
  return good ? found.sort((a, b) => b - a) : undefined
}
