/** Deleting a study, for a while recoverably. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type DeletedStudy = components['schemas']['DeletedStudy']

const of = (studyInstanceUid: string) => ({ params: { path: { study_instance_uid: studyInstanceUid } } })

export const deletedStudiesQuery = queryOptions({
  queryKey: ['deleted-studies'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/deleted-studies', { signal })).studies,
})

/** Returns until when the study can be restored. */
export async function deleteStudy(studyInstanceUid: string, reason: string): Promise<string> {
  return dataOf(await api.DELETE('/api/studies/{study_instance_uid}', { ...of(studyInstanceUid), body: { reason } })).recoverable_until
}

export async function restoreStudy(studyInstanceUid: string): Promise<void> {
  dataOf(await api.POST('/api/deleted-studies/{study_instance_uid}/restore', of(studyInstanceUid)))
}

export async function eraseStudy(studyInstanceUid: string): Promise<void> {
  dataOf(await api.DELETE('/api/deleted-studies/{study_instance_uid}', of(studyInstanceUid)))
}
