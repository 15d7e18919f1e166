/** Which studies a dialog is about: whose, when, what. */
import { useTranslation } from 'react-i18next'

import type { StudyRow } from '../../api/types'
import { marked } from '../../kit/marked'
import { useStudyWords } from '../study-list/words'
import classes from './StudyNames.module.css'

const SHOWN = 4

export function StudyNames({ studies }: { readonly studies: readonly StudyRow[] }) {
  const { t } = useTranslation()
  const inWords = useStudyWords()
  const rest = studies.length - SHOWN
  return (
    <ul className={classes.studies}>
      {studies.slice(0, rest === 1 ? SHOWN + 1 : SHOWN).map((study) => {
        const words = inWords(study)
        return (
          <li key={study.study_instance_uid}>
            <strong>{words.name ?? t('list.noName')}</strong>
            {words.otherName && <span> {words.otherName}</span>}
            <span className={classes.quiet}>
              {[words.id ?? t('list.noId'), words.date, marked(study.study_description ?? ''), words.content[1]].filter(Boolean).join(' · ')}
            </span>
          </li>
        )
      })}
      {rest > 1 && <li className={classes.quiet}>{t('actions.andMore', { count: rest })}</li>}
    </ul>
  )
}
