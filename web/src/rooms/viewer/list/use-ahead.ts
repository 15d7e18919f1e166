/**
 * While a study is read and all of it that is shown is here, the opening of the next one on the list is fetched, and broken off when
 * the line is needed. A study that the reader sees for a reason of its own (restricted, an ally's) waits until she opens it.
 */
import { useEffect } from 'react'

import { type Listed, listed, placeInList } from '../../../api/listed'
import { useStore } from '../../../kit/store'
import { queryClient } from '../../../query-client'
import type { Room } from '../context'
import { breakOffAhead, fetchedAhead, forgetAhead, openAhead } from '../opening'
import { studyQuery } from '../use-study'
import { whenLineQuiet } from './line'
import { useFetchesAhead } from './preference'

export function useAhead({ study, studyInstanceUid }: Room): void {
  const list = useStore(listed)
  const place = placeInList(list, studyInstanceUid)
  const known = study !== undefined
  const wanted = useFetchesAhead()
  const { next } = place ?? {}
  const uid = known && wanted && next && !next.restricted && !next.shared_by ? next.study_instance_uid : undefined
  useEffect(() => {
    if (uid === undefined) return undefined
    const end = keepAhead(uid)
    return () => {
      end()
      breakOffAhead()
    }
  }, [uid])
  const more = known && place && !next ? list?.more : undefined
  useEffect(() => (more ? whenLineQuiet(() => void extend(more), () => undefined) : undefined), [more])
}

/** Fetches the study whenever the line is free and it is not here; the returned function ends it. */
function keepAhead(studyInstanceUid: string): () => void {
  let refused = false
  const begin = (): void => {
    const isKnown = queryClient.getQueryData(studyQuery(studyInstanceUid).queryKey) !== undefined
    if (refused || isKnown || fetchedAhead.get() === studyInstanceUid) return
    void openAhead(studyInstanceUid).then((worthwhile) => (refused = !worthwhile))
  }
  return whenLineQuiet(begin, breakOffAhead)
}

let extending: object | undefined

async function extend(more: () => Promise<Listed>): Promise<void> {
  if (extending === more) return
  extending = more
  const longer = await more().catch(() => undefined)
  // Somebody may have signed out, or come from another list, meanwhile.
  if (longer && listed.get()?.more === more) listed.set(longer)
}

queryClient.getQueryCache().subscribe(({ type, query }) => {
  if (type === 'removed' && query.queryKey[0] === 'me') forgetAhead()
})
