/** What a reader is asked after looking at the pattern; the names are kept with the check and are stable. */
export const QUESTIONS = [
  'edges',
  'squares',
  'dark-5',
  'bright-95',
  'patches',
  'lines',
  'ramp',
  'letters',
  'negative',
  'uniform',
] as const

export type Question = (typeof QUESTIONS)[number]
export type Answers = Readonly<Partial<Record<Question, boolean>>>

/** All of them, each answered; undefined until then: nothing counts as seen that nobody looked at. */
export function whole(answers: Answers): Record<Question, boolean> | undefined {
  const given = QUESTIONS.map((question) => [question, answers[question]] as const)
  if (given.some(([, seen]) => seen === undefined)) return undefined
  return Object.fromEntries(given) as Record<Question, boolean>
}
