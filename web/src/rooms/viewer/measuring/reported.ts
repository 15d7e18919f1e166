/** What the structured reports of a study measured: ours, other readers', other systems'. */
import { useQuery } from '@tanstack/react-query'

import { api, dataOf } from '../../../api/client'
import type { components } from '../../../api/schema'

export type Report = components['schemas']['MeasurementReport']
export type Reported = components['schemas']['ReportedMeasurement']
export type ReportedNumber = components['schemas']['ReportedNumber']

export const reportedKey = (studyInstanceUid: string) => ['reported', studyInstanceUid]

export function useReported(studyInstanceUid: string) {
  return useQuery({
    queryKey: reportedKey(studyInstanceUid),
    queryFn: async ({ signal }) =>
      dataOf(
        await api.GET('/api/studies/{study_instance_uid}/measurements/reported', {
          params: { path: { study_instance_uid: studyInstanceUid } },
          signal,
        }),
      ),
    staleTime: 60_000,
  })
}

/** "Length 12.3 mm", in the words of the report; a number that the report does not give is left out. */
export function numberWords({ name, value, unit, derivation }: ReportedNumber): string | undefined {
  if (value === null || value === undefined) return undefined
  const figure = Number(value.toPrecision(4))
  const derived = derivation ? `${derivation.meaning} ` : ''
  return `${derived}${name.meaning} ${figure} ${unit && unit.value !== '1' ? unit.value : ''}`.trim()
}
