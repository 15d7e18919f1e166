/** Where the study stands on the list that the reader came from, and the way to its neighbours. */
import { useTranslation } from 'react-i18next'

import { listed, placeInList } from '../../../api/listed'
import { useStore } from '../../../kit/store'
import { CommandButton } from '../CommandButton'
import { NEXT_STUDY, PREVIOUS_STUDY } from '../commands/list'
import { useRoom } from '../context'
import { fetchedAhead } from '../opening'
import classes from './ListPlace.module.css'

export function ListPlace() {
  const { t } = useTranslation()
  const { studyInstanceUid } = useRoom()
  const place = placeInList(useStore(listed), studyInstanceUid)
  const ahead = useStore(fetchedAhead)
  if (!place || place.count < 2) return null
  const { position, count, countIsExact, next } = place
  return (
    <nav className={classes.place} aria-label={t('onList.title')} data-ahead={next !== undefined && next.study_instance_uid === ahead}>
      <CommandButton command={PREVIOUS_STUDY} />
      <span className={classes.position} data-testid="list-position">
        <span aria-hidden="true">{`${position} / ${count}${countIsExact ? '' : '+'}`}</span>
        <span className="visually-hidden">{t(countIsExact ? 'onList.position' : 'onList.positionAtLeast', { position, count })}</span>
      </span>
      <CommandButton command={NEXT_STUDY} />
    </nav>
  )
}
