/** Small things said in the cells of a list: a name with a quiet word under it, tags, a state with its mark. */
import type { ReactNode } from 'react'

import { Icon, type IconName } from '../brand/Icon'
import classes from './Facts.module.css'

export function NameCell({ name, detail }: { readonly name: string; readonly detail?: ReactNode }) {
  return (
    <>
      <span className={classes.name}>{name}</span>
      {detail && <span className={classes.quiet}>{detail}</span>}
    </>
  )
}

export function Mono({ children }: { readonly children: ReactNode }) {
  return <span className={classes.mono}>{children}</span>
}

export function Quiet({ children }: { readonly children: ReactNode }) {
  return <span className={classes.quiet}>{children}</span>
}

export function Tags({ words }: { readonly words: readonly string[] }) {
  return words.map((word) => (
    <span key={word} className={classes.tag}>
      {word}
    </span>
  ))
}

export type Tone = 'good' | 'warning' | 'bad' | 'quiet'

const MARKS: Record<Tone, IconName | undefined> = { good: 'sealed', warning: 'warning', bad: 'warning', quiet: undefined }

/** A state in a word; never by colour alone. */
export function Mark({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  const icon = MARKS[tone]
  return (
    <span className={classes.mark} data-tone={tone}>
      {icon && <Icon name={icon} size={16} />}
      <span>{children}</span>
    </span>
  )
}
