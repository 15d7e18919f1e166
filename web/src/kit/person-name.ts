/** Person names as the standard writes them (PS3.5 6.2.1.1), made readable. */
import { marked } from './marked'

export interface ReadableName {
  /** What to show large. */
  readonly main: string
  /** The same name in its other script, if there is one. */
  readonly other: string | undefined
}

/** "Family, Given Middle" from family^given^middle^prefix^suffix; ideographic names are written without a space. */
function readGroup(group: string, joined: boolean): string {
  const [family = '', given = '', middle = '', , suffix = ''] = group.split('^').map((part) => part.trim())
  if (joined) return `${family}${given}${middle}`
  const forenames = [given, middle].filter(Boolean).join(' ')
  return [family, forenames, suffix].filter(Boolean).join(', ')
}

const IDEOGRAPHS = /[\u3400-\u9fff\uac00-\ud7af\u3040-\u30ff\uf900-\ufaff]/

export function readableName(personName: string | null | undefined, language: string): ReadableName | undefined {
  if (!personName) return undefined
  const groups = marked(personName).split('=')
  const alphabetic = readGroup(groups[0] ?? '', IDEOGRAPHS.test(groups[0] ?? ''))
  const ideographic = readGroup(groups[1] ?? '', true)
  const names = (language.startsWith('zh') ? [ideographic, alphabetic] : [alphabetic, ideographic]).filter(Boolean)
  const [main, other] = names
  return main === undefined ? undefined : { main, other }
}
