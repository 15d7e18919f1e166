/** A list of records on a phone: a card each, its first column as the title. */
import type { RecordListProps } from './RecordList'
import classes from './RecordList.module.css'

export function RecordCards<R>({ name, columns, shown, keyOf, nameOf, onOpen, acts, below }: RecordListProps<R> & { readonly shown: readonly R[] }) {
  const [title, ...others] = columns
  return (
    <ul className={classes.cards} aria-label={name}>
      {shown.map((record) => (
        <li key={keyOf(record)} className={classes.card} data-record data-opens={Boolean(onOpen)}>
          {onOpen ? (
            <button type="button" className={classes.open} onClick={() => onOpen(record)}>
              {title?.cell(record)}
            </button>
          ) : (
            <div>{title?.cell(record)}</div>
          )}
          <dl className={classes.facts}>
            {others.map((column) => {
              const cell = column.cell(record)
              if (cell === null || cell === undefined || cell === '' || cell === false) return null
              return (
                <div key={column.key}>
                  <dt>{column.title}</dt>
                  <dd>{cell}</dd>
                </div>
              )
            })}
          </dl>
          {acts && (
            <div className={classes.acts} role="group" aria-label={nameOf(record)}>
              {acts(record)}
            </div>
          )}
          {below?.(record)}
        </li>
      ))}
    </ul>
  )
}
