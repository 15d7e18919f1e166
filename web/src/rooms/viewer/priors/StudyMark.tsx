/**
 * Says over each picture which study it is of, as soon as more than one is on the screen: a word, the date, how long before, and a
 * colour; and what differs between the patients as they are written on them. A study of somebody else is not shown unasked.
 */
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { readableDate } from '../../../kit/dates'
import { useRoom } from '../context'
import { type Placed, shownCells } from '../viewer-state'
import { Guard } from './Guard'
import { useIntervalWords } from './interval-words'
import { differences } from './person'
import classes from './StudyMark.module.css'
import { useStanding } from './standing'

interface StudyMarkProps {
  readonly placed: Placed | undefined
  readonly children: ReactNode
}

export function StudyMark({ placed, children }: StudyMarkProps) {
  const { studyInstanceUid, state } = useRoom()
  const beside = shownCells(state).some((cell) => cell && cell.studyInstanceUid !== studyInstanceUid)
  const marked = beside && placed !== undefined
  return (
    <>
      {marked && <Strip studyInstanceUid={placed.studyInstanceUid} />}
      <div className={classes.under} data-marked={marked}>
        <Shown placed={placed}>{children}</Shown>
      </div>
    </>
  )
}

/** What is of another person, or not known to be of the same, needs a word from the reader first. */
function Shown({ placed, children }: StudyMarkProps) {
  const { studyInstanceUid } = useRoom()
  const standing = useStanding(placed?.studyInstanceUid ?? studyInstanceUid)
  const [allowed, allow] = useState<string>()
  const other = placed?.studyInstanceUid
  if (other === undefined || other === studyInstanceUid || standing === 'prior' || standing === 'later' || allowed === other) return children
  return <Guard studyInstanceUid={other} standing={standing} onShow={() => allow(other)} />
}

function Strip({ studyInstanceUid }: { readonly studyInstanceUid: string }) {
  const { t } = useTranslation()
  const interval = useIntervalWords()
  const { study: current, studies, studyInstanceUid: own } = useRoom()
  const standing = useStanding(studyInstanceUid)
  const study = studies.get(studyInstanceUid)
  const mark = studyInstanceUid === own ? 'current' : standing
  if (mark === 'asking' || mark === 'unknown' || !study) return <div className={classes.strip} data-mark="asking" />
  const differing = mark === 'current' || !current ? [] : differences(current, study)
  const date = readableDate(study.study_date) ?? t('comparing.mark.unknownDate')
  return (
    <div className={classes.strip} data-mark={mark} data-testid="study-mark">
      <strong>{t(`comparing.mark.${mark}`)}</strong>
      <span>{date}</span>
      {mark !== 'current' && <span>{interval(study.study_date, current?.study_date)}</span>}
      {differing.length > 0 && (
        <strong className={classes.differs} role="alert">
          {t('comparing.mark.differs', { what: differing.map((one) => t(`comparing.mark.differences.${one}`)).join(', ') })}
        </strong>
      )}
    </div>
  )
}
