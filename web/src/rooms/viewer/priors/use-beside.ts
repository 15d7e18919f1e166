/** Places a study that was asked for beside the one on screen, as soon as its series are known and its person is. */
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'

import { useStore } from '../../../kit/store'
import type { Room } from '../context'
import { studyFactsOf } from '../hanging/facts'
import { hung } from '../hanging/hung'
import { imageFactsQuery } from '../hanging/image-facts'
import { alike, asStored, onTheWay, placeBeside } from './beside'

export function useBeside(room: Room): void {
  const uid = useStore(onTheWay)
  const other = uid === undefined ? undefined : room.studies.get(uid)
  const images = useQuery(imageFactsQuery(room.study))
  const otherImages = useQuery(imageFactsQuery(other))
  const settled = !images.isLoading && !otherImages.isLoading
  useEffect(() => () => onTheWay.set(undefined), [])
  useEffect(() => {
    if (!room.study || !other || !settled) return
    onTheWay.set(undefined)
    const current = studyFactsOf(room.study, images.data)
    const found = alike(current, room.state.cells[room.state.active], studyFactsOf(other, otherImages.data))
    if (!found) return
    const { study_instance_uid: studyInstanceUid } = other
    const cell = placeBeside(room, { studyInstanceUid, seriesInstanceUid: found.series.seriesInstanceUid })
    const wanted = asStored(studyInstanceUid, found)
    hung.set((now) => ({ ...now, chosen: undefined, laying: Array.from({ length: cell + 1 }, (_, at) => (at === cell ? wanted : undefined)) }))
  }, [room, other, settled, images.data, otherImages.data])
}
