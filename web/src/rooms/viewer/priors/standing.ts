/** What a study is to the one of the room. */
import { useQuery } from '@tanstack/react-query'

import { priorsQuery } from '../../../api/priors'
import { useRoom } from '../context'

/** other: of another person, as far as the server knows; unknown: it did not answer. */
export type Standing = 'current' | 'prior' | 'later' | 'other' | 'asking' | 'unknown'

export function useStanding(studyInstanceUid: string): Standing {
  const { studyInstanceUid: own } = useRoom()
  const { data, isError } = useQuery({ ...priorsQuery(own), enabled: studyInstanceUid !== own })
  if (studyInstanceUid === own) return 'current'
  if (!data) return isError ? 'unknown' : 'asking'
  const found = data.priors.find((one) => one.study_instance_uid === studyInstanceUid)
  if (found) return found.later ? 'later' : 'prior'
  // It may be among the older ones that were not listed.
  return data.more ? 'unknown' : 'other'
}
