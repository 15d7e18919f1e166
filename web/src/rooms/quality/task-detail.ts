/** What a task's detail says about two versions of the same attributes. */

export interface Versions {
  readonly first: Readonly<Record<string, string | null>>
  readonly found: Readonly<Record<string, string | null>>
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
const asText = (value: unknown): string | null => (typeof value === 'string' || typeof value === 'number' ? String(value) : null)

/** From {attributes: {name: {first, found}}}; undefined where the detail compares nothing. */
export function versionsOf(detail: Readonly<Record<string, unknown>>): Versions | undefined {
  const { attributes } = detail
  if (!isRecord(attributes)) return undefined
  const first: Record<string, string | null> = {}
  const found: Record<string, string | null> = {}
  for (const [name, pair] of Object.entries(attributes)) {
    if (!isRecord(pair)) continue
    first[name] = asText(pair.first)
    found[name] = asText(pair.found)
  }
  return Object.keys(first).length > 0 ? { first, found } : undefined
}
