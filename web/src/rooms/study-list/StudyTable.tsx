/** The studies on a desk: one line each, to open or to choose; sortable where the server can sort. */
import { Checkbox } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import type { StudyRow } from '../../api/types'
import { Icon } from '../../brand/Icon'
import { Choose } from '../../frame/Choose'
import { marked } from '../../kit/marked'
import { useStore } from '../../kit/store'
import { chosenStudies, stretchTo, toggleAll, toggleStudy } from '../study-actions/selected-studies'
import { StudyMenu } from '../study-actions/StudyMenu'
import { Modalities } from './Modalities'
import { OwnerMark } from './OwnerMark'
import { currentSearch, type Sort } from './search'
import { StateMark } from './StateMark'
import classes from './StudyTable.module.css'
import { useStudyWords } from './words'

type SortField = 'study_date' | 'patient_name' | 'received_at'

export function StudyTable({ studies }: { readonly studies: readonly StudyRow[] }) {
  const { t } = useTranslation()
  return (
    <div className={classes.frame}>
      <table className={classes.table}>
        <caption className="visually-hidden">{t('list.title')}</caption>
        <colgroup>
          <col className={classes.chooseColumn} />
          <col className={classes.wide} />
          <col className={classes.dateColumn} />
          <col className={classes.modalityColumn} />
          <col />
          <col className={classes.contentColumn} />
          <col className={classes.dateColumn} />
          <col className={classes.stateColumn} />
          <col className={classes.menuColumn} />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">
              <ChooseAll studies={studies} />
            </th>
            <SortableHead field="patient_name" words={t('list.patient')} />
            <SortableHead field="study_date" words={t('list.studyDate')} />
            <th scope="col">{t('list.modality')}</th>
            <th scope="col">{t('list.description')}</th>
            <th scope="col">{t('list.content')}</th>
            <SortableHead field="received_at" words={t('list.received')} />
            <th scope="col">{t('list.state')}</th>
            <th scope="col">
              <span className="visually-hidden">{t('actions.menu')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {studies.map((study) => (
            <StudyLine key={study.study_instance_uid} study={study} list={studies} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function SortableHead({ field, words }: { readonly field: SortField; readonly words: string }) {
  const { sort } = useStore(currentSearch)
  const ascending = sort === field
  const descending = sort === `-${field}`
  const next: Sort = field === 'patient_name' ? (ascending ? '-patient_name' : field) : descending ? field : `-${field}`
  return (
    <th scope="col" aria-sort={ascending ? 'ascending' : descending ? 'descending' : 'none'}>
      <button
        type="button"
        className={classes.sort}
        data-chosen={ascending || descending}
        onClick={() => currentSearch.set((search) => ({ ...search, sort: next }))}
      >
        {words}
        <Icon name={ascending ? 'ascending' : 'descending'} size={14} />
      </button>
    </th>
  )
}

function ChooseAll({ studies }: { readonly studies: readonly StudyRow[] }) {
  const { t } = useTranslation()
  const { chosen } = useStore(chosenStudies)
  const count = studies.filter((study) => chosen.has(study.study_instance_uid)).length
  return (
    <Checkbox
      size="xs"
      aria-label={t('actions.chooseAll')}
      checked={count > 0 && count === studies.length}
      indeterminate={count > 0 && count < studies.length}
      onChange={() => toggleAll(studies)}
    />
  )
}

interface StudyLineProps {
  readonly study: StudyRow
  readonly list: readonly StudyRow[]
}

function StudyLine({ study, list }: StudyLineProps) {
  const { t } = useTranslation()
  const words = useStudyWords()(study)
  const chosen = useStore(chosenStudies).chosen.has(study.study_instance_uid)
  return (
    <tr data-chosen={chosen}>
      <td className={classes.choose}>
        <Choose
          aria-label={t('actions.choose', { name: words.name ?? words.id ?? t('list.noName') })}
          checked={chosen}
          onClick={(event) => {
            if (event.shiftKey) stretchTo(study, list)
            else toggleStudy(study)
          }}
          onChange={() => undefined}
        />
      </td>
      <td>
        <Link
          to="/studies/$studyInstanceUid"
          params={{ studyInstanceUid: study.study_instance_uid }}
          className={classes.link}
          data-study-link
          onKeyDown={(event) => {
            if (event.key !== ' ') return
            event.preventDefault()
            toggleStudy(study)
          }}
        >
          <span className={classes.name}>
            {words.name ?? <em>{t('list.noName')}</em>}
            {words.otherName && <span className={classes.other}>{words.otherName}</span>}
          </span>
        </Link>
        <span className={classes.second}>
          <span className={classes.id}>{words.id ?? t('list.noId')}</span>
          {words.person && <span>{words.person}</span>}
        </span>
      </td>
      <td className={classes.nowrap}>
        {words.date ?? <em>{t('list.noDate')}</em>}
        <span className={classes.second}>{words.time}</span>
      </td>
      <td>
        <Modalities of={study.modalities} />
      </td>
      <td>
        <span className={classes.description}>{marked(study.study_description ?? '') || <em>{t('list.noDescription')}</em>}</span>
        <span className={classes.second}>{study.accession_number}</span>
      </td>
      <td className={classes.nowrap}>
        {words.content[1]}
        <span className={classes.second}>{words.content[0]}</span>
      </td>
      <td className={classes.nowrap}>
        {words.received.slice(0, 10)}
        <span className={classes.second}>{words.received.slice(11)}</span>
      </td>
      <td className={classes.above}>
        <StateMark state={study.state} />
        <OwnerMark study={study} />
      </td>
      <td className={classes.menu}>
        <StudyMenu study={study} />
      </td>
    </tr>
  )
}
