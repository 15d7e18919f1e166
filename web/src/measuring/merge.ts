/** Bringing together what one reader did in two places at once. */
import type { Measurement } from './measurement'

const same = (a: Measurement | undefined, b: Measurement | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * What changed here goes before what changed there; what only one side changed, added or deleted is taken from it.
 * base: what both sides began with.
 */
export function merged(base: readonly Measurement[], here: readonly Measurement[], there: readonly Measurement[]): Measurement[] {
  const [inBase, inHere, inThere] = [base, here, there].map((all) => new Map(all.map((one) => [one.id, one] as const))) as [
    Map<string, Measurement>,
    Map<string, Measurement>,
    Map<string, Measurement>,
  ]
  const ids = new Set([...inThere.keys(), ...inHere.keys()])
  return [...ids].flatMap((id) => {
    const [was, mine, theirs] = [inBase.get(id), inHere.get(id), inThere.get(id)]
    const kept = same(was, mine) ? theirs : mine
    return kept ? [kept] : []
  })
}
