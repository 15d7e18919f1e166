/** A person name (PN, PS3.5 6.2.1) taken apart into the fields of a form and put together again. */

export interface NameFields {
  readonly family: string
  readonly given: string
  readonly ideographicFamily: string
  readonly ideographicGiven: string
}

function components(group: string | undefined): string[] {
  return (group ?? '').split('^')
}

export function nameFields(personName: string | null | undefined): NameFields {
  const [alphabetic, ideographic] = (personName ?? '').split('=')
  const [family = '', given = ''] = components(alphabetic)
  const [ideographicFamily = '', ideographicGiven = ''] = components(ideographic)
  return { family, given, ideographicFamily, ideographicGiven }
}

/** What the form has no field for (middle name, prefix, suffix, phonetic group) stays as it was. */
export function withNameFields(personName: string | null | undefined, fields: NameFields): string {
  const [alphabetic, ideographic, ...others] = (personName ?? '').split('=')
  const groups = [
    join([fields.family, fields.given, ...components(alphabetic).slice(2)]),
    join([fields.ideographicFamily, fields.ideographicGiven, ...components(ideographic).slice(2)]),
    ...others,
  ]
  return groups.join('=').replace(/=+$/, '')
}

/** Delimiters inside a field would make other fields of it. */
function join(parts: readonly string[]): string {
  return parts
    .map((part) => part.replace(/[\^=\\]/g, ' ').trim())
    .join('^')
    .replace(/\^+$/, '')
}
