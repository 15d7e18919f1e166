/** What a person is about to do with studies: one dialog at a time, wherever she asked for it. */
import type { StudyRow } from '../../api/types'
import { createStore } from '../../kit/store'

export type StudyActionKind = 'send' | 'delete' | 'correct'

export interface StudyAction {
  readonly kind: StudyActionKind
  readonly studies: readonly StudyRow[]
}

export const studyAction = createStore<StudyAction | undefined>(undefined)

export function begin(kind: StudyActionKind, studies: readonly StudyRow[]): void {
  studyAction.set({ kind, studies })
}

export function finish(): void {
  studyAction.set(undefined)
}
