/** The studies that are open in the room: the one that was opened, and those beside it. */
import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'

import type { Study } from '../../api/types'
import { studyQuery } from './use-study'

export function useOpenStudies(uids: readonly string[]): ReadonlyMap<string, Study> {
  const answers = useQueries({ queries: uids.map((uid) => studyQuery(uid)) })
  const found = answers.map(({ data }) => data)
  // oxlint-disable-next-line react/exhaustive-deps -- as many as there are studies
  return useMemo(() => new Map(found.flatMap((study) => (study ? [[study.study_instance_uid, study] as const] : []))), found)
}
