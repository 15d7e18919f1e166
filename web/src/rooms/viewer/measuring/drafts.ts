/** The drafts of this page, one for each reader and study, and the way to the server that keeps them. */
import { useEffect, useMemo } from 'react'

import { api, ApiError, dataOf } from '../../../api/client'
import { connection } from '../../../api/connection'
import { useMe } from '../../../api/session'
import type { components } from '../../../api/schema'
import type { ImagePoint, Measurement } from '../../../measuring/measurement'
import { createDraft, type Door, type Draft, Refusal } from './draft'

type Sent = components['schemas']['Measurement']

const path = (study_instance_uid: string) => ({ params: { path: { study_instance_uid } } })
const ROUTE = '/api/studies/{study_instance_uid}/measurements/draft'

/** Absent and null are the same to the server; here they are absent. */
function received(sent: Sent): Measurement {
  const present = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== null))
  return { ...present, points: sent.points as unknown as ImagePoint[] } as unknown as Measurement
}

function doorOf(studyInstanceUid: string): Door {
  return {
    async read() {
      const { revision, measurements } = await asked(async () => dataOf(await api.GET(ROUTE, path(studyInstanceUid))))
      return { revision, measurements: measurements.map(received) }
    },
    keep(revision, measurements) {
      const body = { revision, measurements: measurements as unknown as Sent[] }
      return asked(async () => dataOf(await api.PUT(ROUTE, { ...path(studyInstanceUid), body })))
    },
  }
}

/** What the server refuses is told from what does not reach it: the latter is tried again. */
async function asked<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question()
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) throw new Refusal(error.reason, error.status === 409 || error.status === 412)
    throw error
  }
}

const drafts = new Map<string, Draft>()

function draftOf(reader: string, studyInstanceUid: string): Draft {
  const key = `${reader} ${studyInstanceUid}`
  const known = drafts.get(key) ?? createDraft(doorOf(studyInstanceUid))
  drafts.set(key, known)
  return known
}

function saveAll(): void {
  for (const draft of drafts.values()) void draft.flush()
}

/** Asks before the page is left with something that only this page has. */
function onLeaving(event: BeforeUnloadEvent): void {
  const unsaved = [...drafts.values()].some(({ state }) => state.get().saving !== 'saved' && state.get().measurements.length > 0)
  if (unsaved) event.preventDefault()
}

let reading: string | undefined

/** The signed-in reader's draft of a study; undefined until it is known who that is. */
export function useDraft(studyInstanceUid: string): Draft | undefined {
  const me = useMe()
  const reader = me && `${me.username}@${me.institution.name}`
  useEffect(() => {
    reading = reader
  }, [reader])
  return useMemo(() => (reader === undefined ? undefined : draftOf(reader, studyInstanceUid)), [reader, studyInstanceUid])
}

/** The same outside of components. */
export function draftNow(studyInstanceUid: string): Draft | undefined {
  return reading === undefined ? undefined : draftOf(reading, studyInstanceUid)
}

/** While the room is open: saves when the server is back, when the page is hidden, and when the room is left. */
export function useSaving(): void {
  useEffect(() => {
    const onHidden = () => document.visibilityState === 'hidden' && saveAll()
    const end = connection.subscribe(() => connection.get() === 'here' && saveAll())
    document.addEventListener('visibilitychange', onHidden)
    window.addEventListener('beforeunload', onLeaving)
    saveAll()
    return () => {
      end()
      document.removeEventListener('visibilitychange', onHidden)
      window.removeEventListener('beforeunload', onLeaving)
      saveAll()
    }
  }, [])
}
