/** The studies on a phone: one card each. A long press chooses; while something is chosen, a tap does. */
import { NativeSelect } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { StudyRow } from '../../api/types'
import { marked } from '../../kit/marked'
import { Choose } from '../../frame/Choose'
import { useStore } from '../../kit/store'
import { chosenStudies, toggleStudy } from '../study-actions/selected-studies'
import { StudyMenu } from '../study-actions/StudyMenu'
import { useLongPress } from '../study-actions/use-long-press'
import { Modalities } from './Modalities'
import { OwnerMark } from './OwnerMark'
import { currentSearch, type Sort } from './search'
import { StateMark } from './StateMark'
import classes from './StudyCards.module.css'
import { useStudyWords } from './words'

export function StudyCards({ studies }: { readonly studies: readonly StudyRow[] }) {
  return (
    <>
      <SortChoice />
      <ul className={classes.cards}>
        {studies.map((study) => (
          <StudyCard key={study.study_instance_uid} study={study} />
        ))}
      </ul>
    </>
  )
}

function SortChoice() {
  const { t } = useTranslation()
  const { sort } = useStore(currentSearch)
  return (
    <NativeSelect
      aria-label={t('list.sortBy')}
      size="sm"
      value={sort}
      onChange={(event) => {
        const chosen = event.currentTarget.value as Sort
        currentSearch.set((search) => ({ ...search, sort: chosen }))
      }}
      data={[
        { value: '-study_date', label: t('list.sortNewest') },
        { value: 'study_date', label: t('list.sortOldest') },
        { value: '-received_at', label: t('list.sortReceived') },
        { value: 'patient_name', label: t('list.sortName') },
      ]}
    />
  )
}

function StudyCard({ study }: { readonly study: StudyRow }) {
  const { t } = useTranslation()
  const words = useStudyWords()(study)
  const { chosen } = useStore(chosenStudies)
  const choosing = chosen.size > 0
  const press = useLongPress(() => toggleStudy(study), choosing)
  const name = words.name ?? t('list.noName')
  return (
    <li className={classes.card} data-chosen={chosen.has(study.study_instance_uid)} {...press}>
      <div className={classes.top}>
        {choosing && (
          <span className={classes.choose}>
            <Choose aria-label={t('actions.choose', { name })} checked={chosen.has(study.study_instance_uid)} onChange={() => toggleStudy(study)} />
          </span>
        )}
        <Link
          to="/studies/$studyInstanceUid"
          params={{ studyInstanceUid: study.study_instance_uid }}
          className={classes.link}
          data-study-link
        >
          {name}
          {words.otherName && <span className={classes.other}>{words.otherName}</span>}
        </Link>
        <span className={classes.date}>{words.date ?? t('list.noDate')}</span>
      </div>
      <div className={classes.quiet}>{[words.id ?? t('list.noId'), words.person].filter(Boolean).join(' · ')}</div>
      <div className={classes.description}>{marked(study.study_description ?? '') || t('list.noDescription')}</div>
      <div className={classes.bottom}>
        <Modalities of={study.modalities} />
        <span className={classes.quiet}>{words.content[1]}</span>
        <span className={classes.state}>
          <StateMark state={study.state} />
          <OwnerMark study={study} />
        </span>
        <span className={classes.menu}>
          <StudyMenu study={study} />
        </span>
      </div>
    </li>
  )
}
