/** The studies that are open in the room: the one that was opened, and those beside it. */
import { useQueries } from '@tanstack/react-query'

import type { Study } from '../../api/types'
import { studyQuery } from './use-study'

export function useOpenStudies(uids: readonly string[]): ReadonlyMap<string, Study> {
  // One function for all calls: the map stays the same while the answers do.
  return useQueries({ queries: uids.map((uid) => studyQuery(uid)), combine: byUid })
}

function byUid(answers: readonly { readonly data: Study | undefined }[]): ReadonlyMap<string, Study> {
  return new Map(answers.flatMap(({ data }) => (data ? [[data.study_instance_uid, data] as const] : [])))
}
