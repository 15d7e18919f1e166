/**
 * What everything in the reading room may know and do: commands are run with it, panels and layers ask `useRoom()` for it. It stays the
 * same while images go by: who draws what a stack shows watches the stack (`useViewState`, `useViewPart`).
 */
import { createContext, useContext } from 'react'

import type { Series, Study } from '../../api/types'
import type { StackView } from '../../viewport/stack-view'
import type { History } from './history'
import type { NamedWindow } from './presets'
import type { Placed, ViewerAction, ViewerState } from './viewer-state'

export interface Room {
  /** Whose room this is: the study that was opened. */
  readonly studyInstanceUid: string
  readonly study: Study | undefined
  /** Every study that is open here, by its UID; those opened beside it too. */
  readonly studies: ReadonlyMap<string, Study>
  readonly state: ViewerState
  readonly dispatch: (action: ViewerAction) => void
  /** The stack in the active cell; undefined where a document or nothing is. */
  readonly view: StackView | undefined
  /** The stacks by cell. */
  readonly views: ReadonlyMap<number, StackView>
  /** Windows offered for the image that is in the active cell now. */
  readonly windows: () => readonly NamedWindow[]
  readonly history: History
  /** The side panel that is open. */
  readonly panel: string | undefined
  readonly openPanel: (id: string | undefined) => void
  /** Back to the studies. */
  readonly leave: () => void
  /** From this study to another of the list. */
  readonly toStudy: (studyInstanceUid: string) => void
}

export const RoomContext = createContext<Room | undefined>(undefined)

/** Throws outside of the reading room: that would be a mistake of ours. */
export function useRoom(): Room {
  const room = useContext(RoomContext)
  if (!room) throw new Error('useRoom outside of the reading room')
  return room
}

/** The series in a cell; undefined while its study is not known. */
export function seriesIn(room: Pick<Room, 'studies'>, placed: Placed | undefined): Series | undefined {
  if (!placed) return undefined
  return room.studies.get(placed.studyInstanceUid)?.series.find((one) => one.series_instance_uid === placed.seriesInstanceUid)
}
