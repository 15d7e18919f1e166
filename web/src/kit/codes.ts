/** Short codes of institutions and departments: a to z, digits, dashes. */

/** A code from a name, '' where the name has no such letters: "St. Mary's Hospital" gives "st-mary-s-hospital". */
export function suggestedCode(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const code = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+/, '').slice(0, 32)
  const ended = code.replace(/-+$/, '')
  return ended.length < 2 ? '' : ended
}
