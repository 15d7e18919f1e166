/** The dialog of whatever a person is about to do with studies. */
import { lazy, Suspense } from 'react'

import { useStore } from '../../kit/store'
import { finish, studyAction } from './study-action'

const SendDialog = lazy(async () => ({ default: (await import('./SendDialog')).SendDialog }))
const DeleteDialog = lazy(async () => ({ default: (await import('./DeleteDialog')).DeleteDialog }))
const CorrectDialog = lazy(async () => ({ default: (await import('./CorrectDialog')).CorrectDialog }))

export function StudyDialogs() {
  const action = useStore(studyAction)
  if (!action) return null
  const { kind, studies } = action
  return (
    <Suspense fallback={null}>
      {kind === 'send' && <SendDialog studies={studies} onClose={finish} />}
      {kind === 'delete' && <DeleteDialog studies={studies} onClose={finish} />}
      {kind === 'correct' && <CorrectDialog studies={studies} onClose={finish} />}
    </Suspense>
  )
}
