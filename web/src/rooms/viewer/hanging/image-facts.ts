/** Which projections a study holds: asked of QIDO-RS in one small question, only where projections matter. */
import { queryOptions } from '@tanstack/react-query'

import { watchedFetch } from '../../../api/client'
import type { Study } from '../../../api/types'
import { type DataSet, text } from '../../../dicomweb/json'
import { TAG } from '../../../dicomweb/tags'
import { type ImageFacts, imageFactsOf, needsImageFacts } from './facts'

const WANTED = [TAG.PresentationIntentType, TAG.ViewPosition, TAG.Laterality, TAG.ImageLaterality, TAG.ViewCodeSequence]
/** A screening mammogram has four to twelve; what has more is no study to be hung by projections. */
const MOST_INSTANCES = 60

export type ImageFactsBySeries = Readonly<Record<string, readonly ImageFacts[]>>

async function asked(studyInstanceUid: string, signal: AbortSignal): Promise<ImageFactsBySeries> {
  const fields = WANTED.map((tag) => `includefield=${tag}`).join('&')
  const address = `/dicom-web/studies/${studyInstanceUid}/instances?${fields}&limit=${MOST_INSTANCES}`
  const response = await watchedFetch(new Request(address, { headers: { Accept: 'application/dicom+json' }, signal }))
  if (!response.ok || response.status === 204) return {}
  const found: Record<string, ImageFacts[]> = {}
  for (const dataSet of (await response.json()) as DataSet[]) {
    const series = text(dataSet, TAG.SeriesInstanceUID) ?? ''
    found[series] = [...(found[series] ?? []), imageFactsOf(dataSet)]
  }
  return found
}

export function imageFactsQuery(study: Study | undefined) {
  return queryOptions({
    queryKey: ['image-facts', study?.study_instance_uid, study?.instance_count],
    queryFn: ({ signal }) => asked(study?.study_instance_uid ?? '', signal),
    enabled: study !== undefined && study.instance_count <= MOST_INSTANCES && needsImageFacts(study),
    staleTime: Infinity,
    retry: false,
  })
}
