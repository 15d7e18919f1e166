/** Searching and sorting what a list shows, in the browser: every word must be found, numbers sort as numbers, names as their language does. */

export type OrderKey = string | number | boolean | null | undefined

export interface Sorting {
  readonly key: string
  readonly descending: boolean
}

const folded = (text: string): string => text.normalize('NFKC').toLocaleLowerCase()

/** Those whose text holds every word that was typed, wherever it stands. */
export function matching<R>(records: readonly R[], typed: string, textOf: (record: R) => string): readonly R[] {
  const words = folded(typed).split(/\s+/).filter(Boolean)
  if (words.length === 0) return records
  return records.filter((record) => {
    const text = folded(textOf(record))
    return words.every((word) => text.includes(word))
  })
}

/** A sorted copy; what has no value comes last in both directions, equals keep their order. */
export function sorted<R>(records: readonly R[], valueOf: (record: R) => OrderKey, descending: boolean, language: string): readonly R[] {
  const { compare } = new Intl.Collator(language, { numeric: true, sensitivity: 'base' })
  const absent = (value: OrderKey) => value === null || value === undefined || value === ''
  return [...records].sort((one, other) => {
    const [a, b] = [valueOf(one), valueOf(other)]
    if (absent(a) || absent(b)) return Number(absent(a)) - Number(absent(b))
    const order = typeof a === 'string' || typeof b === 'string' ? compare(String(a), String(b)) : Number(a) - Number(b)
    return descending ? -order : order
  })
}

/** The next sorting when the head of a column is pressed: ascending, descending, as it came. */
export function nextSorting(now: Sorting | undefined, key: string): Sorting | undefined {
  if (now?.key !== key) return { key, descending: false }
  return now.descending ? undefined : { key, descending: true }
}
