/** The lines "value = role" of a form, and what they mean. */

/** The lines of a mapping, one for each value. */
export function linesOf(mapping: Readonly<Record<string, string>>): string {
  return Object.entries(mapping)
    .map(([value, role]) => `${value} = ${role}`)
    .join('\n')
}

/** The mapping of these lines, or the number of the first line that is none (from 1). The last = of a line counts. */
export function mappingOf(lines: string): { readonly mapping: Record<string, string> } | { readonly wrong: number } {
  const mapping: Record<string, string> = {}
  for (const [index, line] of lines.split('\n').entries()) {
    if (!line.trim()) continue
    const at = line.lastIndexOf('=')
    const value = line.slice(0, at).trim()
    const role = line.slice(at + 1).trim()
    if (at < 0 || !value || !role) return { wrong: index + 1 }
    mapping[value] = role
  }
  return { mapping }
}
