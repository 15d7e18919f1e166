/**
 * A list of records as every administration page shows it: search, sorted columns, one way to open a record, acts at its end,
 * and what stands there while it is empty. A table on a desk, cards on a phone. Adding, editing and removing happen in dialogs.
 */
import { Button, Skeleton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { matching, type OrderKey, sorted, type Sorting } from '../kit/record-order'
import { Nothing } from './Nothing'
import { RecordCards } from './RecordCards'
import classes from './RecordList.module.css'
import { RecordTable } from './RecordTable'
import { Refusal } from './Refusal'
import { SearchField } from './SearchField'
import { usePhone } from './use-phone'

export interface Column<R> {
  readonly key: string
  readonly title: string
  readonly cell: (record: R) => ReactNode
  /** What the column sorts by; without it, it does not sort. */
  readonly order?: (record: R) => OrderKey
}

export interface RecordListProps<R> {
  /** What the list is, for a screen reader and as the name of its search field. */
  readonly name: string
  /** undefined while they are on their way. */
  readonly records: readonly R[] | undefined
  readonly error?: unknown
  readonly keyOf: (record: R) => string | number
  /** What a record is called, said by the controls of its line. */
  readonly nameOf: (record: R) => string
  /** What the search looks through. */
  readonly textOf: (record: R) => string
  /** The first column names the record. */
  readonly columns: readonly Column<R>[]
  readonly onOpen?: (record: R) => void
  readonly acts?: (record: R) => ReactNode
  /** What stands under the line over its whole width: an answer, a warning. */
  readonly below?: (record: R) => ReactNode
  readonly empty: { readonly title: string; readonly detail?: string }
  /** Beside the search field: filters, import and export. */
  readonly tools?: ReactNode
}

/** A list grows by this many lines at a press; nobody reads a thousand. */
const STEP = 100

export function RecordList<R>(props: RecordListProps<R>) {
  const { name, records, error, empty, tools } = props
  const { t } = useTranslation()
  const phone = usePhone()
  const [typed, setTyped] = useState('')
  const [sorting, setSorting] = useState<Sorting>()
  const [most, setMost] = useState(STEP)
  const found = useFound(props, typed, sorting)
  const shown = found.slice(0, most)
  return (
    <section className={classes.records} aria-label={name}>
      <div className={classes.tools}>
        {records && records.length > 0 && (
          <SearchField className={classes.search} aria-label={t('records.search', { name })} placeholder={t('records.find')} value={typed} onChange={setTyped} />
        )}
        {tools}
      </div>
      <Refusal error={error} />
      {!records && !error && <Skeleton height={120} radius="lg" role="status" aria-label={t('common.loading')} />}
      {records?.length === 0 && <Nothing {...empty} />}
      {records && records.length > 0 && found.length === 0 && <Nothing title={t('records.noMatch')} detail={t('records.noMatchDetail')} />}
      {shown.length > 0 &&
        (phone ? <RecordCards {...props} shown={shown} /> : <RecordTable {...props} shown={shown} sorting={sorting} onSort={setSorting} />)}
      {found.length > most && (
        <Button variant="default" className={classes.more} onClick={() => setMost(most + STEP)}>
          {t('records.more', { count: found.length - most })}
        </Button>
      )}
    </section>
  )
}

function useFound<R>({ records, columns, textOf }: RecordListProps<R>, typed: string, sorting: Sorting | undefined): readonly R[] {
  const { i18n } = useTranslation()
  const found = matching(records ?? [], typed, textOf)
  const order = columns.find((column) => column.key === sorting?.key)?.order
  return sorting && order ? sorted(found, order, sorting.descending, i18n.language) : found
}
