/** Two or more versions of the same facts side by side; what differs is marked, and said to those who cannot see the mark. */
import { useTranslation } from 'react-i18next'

import { Icon } from '../brand/Icon'
import classes from './Comparison.module.css'

export interface Fact {
  readonly name: string
  readonly values: readonly (string | undefined)[]
}

interface ComparisonProps {
  readonly caption: string
  readonly heads: readonly string[]
  readonly facts: readonly Fact[]
}

export function Comparison({ caption, heads, facts }: ComparisonProps) {
  const { t } = useTranslation()
  return (
    <div className={classes.frame}>
      <table className={classes.table}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">{t('compare.what')}</span>
            </th>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {facts.map(({ name, values }) => (
            <tr key={name} data-differs={differs(values)}>
              <th scope="row">
                {name}
                {differs(values) && (
                  <span className={classes.mark} title={t('compare.differs')}>
                    <Icon name="warning" size={14} />
                    <span className="visually-hidden">{t('compare.differs')}</span>
                  </span>
                )}
              </th>
              {values.map((value, place) => (
                <td key={heads[place]}>{value ?? <span className={classes.none}>{t('compare.empty')}</span>}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export function differs(values: readonly (string | undefined)[]): boolean {
  return new Set(values.map((value) => value ?? '')).size > 1
}
