/** What measuring needs once in the room: saving, questions, and going to an image that a panel names. */
import { useEffect } from 'react'

import { keyOf } from '../../../dicomweb/addresses'
import { subscribeAll, useStore } from '../../../kit/store'
import { useRoom } from '../context'
import { desk, roomHistory } from './desk'
import { useSaving } from './drafts'
import { QuestionDialog } from './QuestionDialog'

export function MeasuringRoom() {
  const { history } = useRoom()
  useEffect(() => {
    roomHistory.set(history)
    return () => roomHistory.set(undefined)
  }, [history])
  useSaving()
  useGoal()
  return <QuestionDialog />
}

/** Scrolls to the wanted image in the viewport that has it; else its series comes to the active one first. */
function useGoal(): void {
  const { views, dispatch } = useRoom()
  const { goal } = useStore(desk)
  useEffect(() => {
    if (goal === undefined) return undefined
    const reach = (): boolean => {
      const [cell, view] = [...views].find(([, one]) => one.stack().includes(goal.imageId)) ?? []
      if (!view || cell === undefined) return false
      desk.set((now) => ({ ...now, goal: undefined }))
      dispatch({ type: 'activate', cell })
      void view.scrollTo(view.stack().indexOf(goal.imageId)).then(() => goal.show?.(view))
      return true
    }
    if (reach()) return undefined
    const { studyInstanceUid, seriesInstanceUid } = keyOf(goal.imageId)
    const isPlaced = [...views.values()].some((view) => view.stack().some((imageId) => keyOf(imageId).seriesInstanceUid === seriesInstanceUid))
    if (!isPlaced) dispatch({ type: 'place', placed: { studyInstanceUid, seriesInstanceUid } })
    return subscribeAll(
      [...views.values()].map((view) => view.state),
      reach,
    )
  }, [goal, views, dispatch])
}
