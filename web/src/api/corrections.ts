/** What was corrected in a study. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Correction = components['schemas']['Correction']
export type CorrectionRequest = components['schemas']['CorrectionRequest']

const of = (studyInstanceUid: string) => ({ params: { path: { study_instance_uid: studyInstanceUid } } })

export const correctionsQuery = (studyInstanceUid: string) =>
  queryOptions({
    queryKey: ['corrections', studyInstanceUid],
    queryFn: async ({ signal }) =>
      dataOf(await api.GET('/api/studies/{study_instance_uid}/corrections', { ...of(studyInstanceUid), signal })).corrections,
  })

export async function correctStudy(studyInstanceUid: string, body: CorrectionRequest): Promise<void> {
  dataOf(await api.POST('/api/studies/{study_instance_uid}/corrections', { ...of(studyInstanceUid), body }))
}

export async function undoCorrection(correctionId: number): Promise<void> {
  dataOf(await api.POST('/api/corrections/{correction_id}/undo', { params: { path: { correction_id: correctionId } } }))
}
