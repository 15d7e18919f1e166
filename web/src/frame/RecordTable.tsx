/** A list of records on a desk. */
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../brand/Icon'
import { nextSorting, type Sorting } from '../kit/record-order'
import type { Column, RecordListProps } from './RecordList'
import classes from './RecordList.module.css'

interface RecordTableProps<R> extends RecordListProps<R> {
  readonly shown: readonly R[]
  readonly sorting: Sorting | undefined
  readonly onSort: (sorting: Sorting | undefined) => void
}

export function RecordTable<R>({ name, columns, shown, sorting, onSort, keyOf, nameOf, onOpen, acts, below }: RecordTableProps<R>) {
  const { t } = useTranslation()
  return (
    <div className={classes.frame}>
      <table className={classes.table} aria-label={name}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.key} column={column} sorting={sorting} onSort={onSort} />
            ))}
            {acts && (
              <th>
                <span className="visually-hidden">{t('records.acts')}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {shown.map((record) => (
            <Fragment key={keyOf(record)}>
              <tr data-record data-opens={Boolean(onOpen)}>
                {columns.map((column, index) => (
                  <td key={column.key}>
                    {index === 0 && onOpen ? (
                      <button type="button" className={classes.open} onClick={() => onOpen(record)}>
                        {column.cell(record)}
                      </button>
                    ) : (
                      column.cell(record)
                    )}
                  </td>
                ))}
                {acts && (
                  <td>
                    <div className={classes.acts} role="group" aria-label={nameOf(record)}>
                      {acts(record)}
                    </div>
                  </td>
                )}
              </tr>
              <Below columns={columns.length + (acts ? 1 : 0)}>{below?.(record)}</Below>
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Below({ columns, children }: { readonly columns: number; readonly children: React.ReactNode }) {
  if (!children) return null
  return (
    <tr className={classes.below}>
      <td colSpan={columns}>{children}</td>
    </tr>
  )
}

interface HeadProps<R> {
  readonly column: Column<R>
  readonly sorting: Sorting | undefined
  readonly onSort: (sorting: Sorting | undefined) => void
}

function Head<R>({ column, sorting, onSort }: HeadProps<R>) {
  if (!column.order) return <th scope="col">{column.title}</th>
  const here = sorting?.key === column.key ? sorting : undefined
  const direction = here?.descending ? 'descending' : 'ascending'
  return (
    <th scope="col" aria-sort={here ? direction : 'none'}>
      <button type="button" className={classes.sort} onClick={() => onSort(nextSorting(sorting, column.key))}>
        {column.title}
        {here && <Icon name={direction} size={16} />}
      </button>
    </th>
  )
}
