/** A word and four bars under a new password. */
import { useTranslation } from 'react-i18next'

import { passwordStrength, SHORTEST_PASSWORD, type Strength } from '../kit/password-strength'
import classes from './StrengthHint.module.css'

const BARS: Readonly<Record<Strength, number>> = { tooShort: 0, weak: 1, fair: 2, good: 3, strong: 4 }

export function StrengthHint({ password, own }: { readonly password: string; readonly own: readonly string[] }) {
  const { t } = useTranslation()
  if (password === '') return null
  const strength = passwordStrength(password, own)
  const words = {
    tooShort: t('enrolment.strengthTooShort', { count: SHORTEST_PASSWORD }),
    weak: t('enrolment.strengthWeak'),
    fair: t('enrolment.strengthFair'),
    good: t('enrolment.strengthGood'),
    strong: t('enrolment.strengthStrong'),
  }[strength]
  return (
    <div className={classes.hint} data-strength={strength} aria-live="polite">
      <span className={classes.bars} aria-hidden="true">
        {[1, 2, 3, 4].map((bar) => (
          <i key={bar} data-on={bar <= BARS[strength]} />
        ))}
      </span>
      <span>{words}</span>
    </div>
  )
}
