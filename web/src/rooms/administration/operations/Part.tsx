/** A part of the page under its heading, and its table: on a desk a table, on a phone cards. */
import { type ReactNode, useId } from 'react'

import { RecordCards } from '../../../frame/RecordCards'
import type { Column } from '../../../frame/RecordList'
import { RecordTable } from '../../../frame/RecordTable'
import { usePhone } from '../../../frame/use-phone'
import classes from './Operations.module.css'

export function Part({ title, tools, children }: { readonly title: string; readonly tools?: ReactNode; readonly children: ReactNode }) {
  const id = useId()
  return (
    <section className={classes.part} aria-labelledby={id}>
      <div className={classes.head}>
        <h2 id={id}>{title}</h2>
        {tools}
      </div>
      {children}
    </section>
  )
}

interface TableProps<R> {
  readonly name: string
  readonly records: readonly R[]
  readonly columns: readonly Column<R>[]
  readonly nameOf: (record: R) => string
}

export function Table<R>({ name, records, columns, nameOf }: TableProps<R>) {
  const phone = usePhone()
  const list = { name, records, columns, nameOf, keyOf: nameOf, textOf: nameOf, shown: records, empty: { title: name } }
  return phone ? <RecordCards {...list} /> : <RecordTable {...list} sorting={undefined} onSort={() => undefined} />
}

/** Single facts: a word and its value. */
export interface Fact {
  readonly word: string
  readonly value: ReactNode
}

export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(({ word, value }) => (
        <div key={word}>
          <dt>{word}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
