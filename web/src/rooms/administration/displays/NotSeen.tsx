/** What the reader of a failed test did not see, in the words of its questions, and what she noted. */
import { useTranslation } from 'react-i18next'

import type { Workstation } from '../../../api/display-checks'
import { en } from '../../../i18n/en'
import classes from './Displays.module.css'

type Question = keyof typeof en.display.ask

const isQuestion = (name: string): name is Question => Object.hasOwn(en.display.ask, name)

/** Nothing where nothing failed and nothing was noted. */
export function notSeen({ answers, note }: Workstation) {
  const failed = Object.keys(answers).filter((name) => !answers[name])
  return failed.length > 0 || note ? <NotSeen failed={failed} note={note} /> : undefined
}

function NotSeen({ failed, note }: { readonly failed: readonly string[]; readonly note: string | null }) {
  const { t } = useTranslation()
  return (
    <div className={classes.below}>
      {failed.length > 0 && (
        <>
          <span>{t('displays.notSeen')}</span>
          <ul>
            {failed.map((name) => (
              <li key={name}>{isQuestion(name) ? t(`display.ask.${name}`) : name}</li>
            ))}
          </ul>
        </>
      )}
      {note && <span>{t('displays.note', { note })}</span>}
    </div>
  )
}
