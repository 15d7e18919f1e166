/**
 * Whether two studies that are shown side by side say they are of one person. The server knows who is who (issuer, merges);
 * this looks at the words on the images as well, so that nobody compares strangers without being told.
 */
import { marked } from '../../../kit/marked'

export interface Identified {
  readonly patient_name: string | null
  readonly patient_id: string | null
  readonly patient_birth_date: string | null
  readonly patient_sex: string | null
}

export type Difference = 'name' | 'id' | 'birth-date' | 'sex'

/** Each component group with its parts, in one case; trailing empty parts say nothing. */
function nameGroups(name: string | null): string[] {
  const groups = marked(name ?? '').split('=')
  return groups.map((group) => {
    const parts = group.split('^').map((part) => part.trim().toUpperCase())
    return parts.join('^').replace(/\^+$/, '')
  })
}

/** Whether a group that both have differs; one of them may lack the name in another script. */
function namesDiffer(a: string | null, b: string | null): boolean {
  const others = nameGroups(b)
  return nameGroups(a).some((group, index) => group !== '' && (others[index] ?? '') !== '' && group !== others[index])
}

const differ = (a: string | null, b: string | null) => (a ?? '').trim() !== '' && (b ?? '').trim() !== '' && (a ?? '').trim() !== (b ?? '').trim()

/** What differs; what one of them does not say counts as no difference. */
export function differences(a: Identified, b: Identified): readonly Difference[] {
  const found: [Difference, boolean][] = [
    ['name', namesDiffer(a.patient_name, b.patient_name)],
    ['id', differ(a.patient_id, b.patient_id)],
    ['birth-date', differ(a.patient_birth_date, b.patient_birth_date)],
    ['sex', differ(a.patient_sex, b.patient_sex)],
  ]
  return found.flatMap(([what, differs]) => (differs ? [what] : []))
}

/** linked: the server says that both are of one person; then only what is on the images can differ. */
export type Sameness = 'same' | 'same-but-differs' | 'another-person'

export function samenessOf(current: Identified, other: Identified, linked: boolean): Sameness {
  if (!linked) return 'another-person'
  return differences(current, other).length > 0 ? 'same-but-differs' : 'same'
}
