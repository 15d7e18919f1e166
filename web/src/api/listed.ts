/**
 * The list from which a study was opened, as it was then: which study comes next, which came before. Without names, in memory only,
 * and gone when nobody is signed in any more.
 */
import { createStore, type Store } from '../kit/store'
import type { StudyPage, StudyRow } from './types'

export type ListedStudy = Pick<StudyRow, 'study_instance_uid' | 'shared_by' | 'restricted'>

export interface Listed {
  readonly studies: readonly ListedStudy[]
  /** Of all pages, fetched or not. */
  readonly count: number
  readonly countIsExact: boolean
  /** The list with one page more; undefined at its end. */
  readonly more: (() => Promise<Listed>) | undefined
}

export const listed: Store<Listed | undefined> = createStore<Listed | undefined>(undefined)

/** ask: for the page after the one with this cursor. */
export function listedFrom(pages: readonly StudyPage[], ask: (cursor: string) => Promise<StudyPage>): Listed {
  const rows = pages.flatMap((page) => page.studies ?? [])
  const bare = rows.map(({ study_instance_uid, shared_by, restricted }) => ({ study_instance_uid, shared_by, restricted }))
  const cursor = pages.at(-1)?.next_cursor
  return {
    // A study that moved between pages while they were fetched is listed once.
    studies: [...new Map(bare.map((row) => [row.study_instance_uid, row])).values()],
    count: pages[0]?.count ?? 0,
    countIsExact: pages[0]?.count_is_exact ?? true,
    more: cursor ? async () => listedFrom([...pages, await ask(cursor)], ask) : undefined,
  }
}

export interface PlaceInList {
  /** From 1. */
  readonly position: number
  readonly count: number
  readonly countIsExact: boolean
  readonly previous: ListedStudy | undefined
  readonly next: ListedStudy | undefined
}

/** Where a study stands; undefined when it is not on the list. */
export function placeInList(list: Listed | undefined, studyInstanceUid: string): PlaceInList | undefined {
  const at = list?.studies.findIndex((study) => study.study_instance_uid === studyInstanceUid) ?? -1
  if (!list || at < 0) return undefined
  const { studies, count, countIsExact } = list
  return { position: at + 1, count: Math.max(count, studies.length), countIsExact, previous: studies[at - 1], next: studies[at + 1] }
}
