/** What the structured reports of a study measured: ours, other readers', other systems'. */
import { useQuery } from '@tanstack/react-query'

import { api, dataOf } from '../../../api/client'
import type { components } from '../../../api/schema'
import type { Triple } from '../../../dicomweb/frame'
import { onSlice, type SpatialShape } from '../../../dicomweb/spatial'
import type { Target } from '../../../viewport/overlays/protocol'

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

/** The lines that stand at the shapes of a reported measurement: its name and its first numbers. */
export function reportedLines({ label, finding, numbers }: Reported): string[] {
  return [label ?? finding?.meaning ?? '', ...numbers.slice(0, 6).map(numberWords)].filter((line): line is string => line !== undefined && line !== '')
}

/** A shape in the patient, as it is drawn. */
export function shapeOf({ graphic_type: graphicType, points }: Reported['places'][number]): SpatialShape {
  return { graphicType, points: points.map(([x = 0, y = 0, z = 0]): Triple => [x, y, z]) }
}

/**
 * The images of a stack on which a measurement in the patient is drawn, in the order of the stack; undefined where none of its shapes
 * says that it lies in their frame of reference.
 */
export function slicesUnder({ places }: Reported, stack: readonly StackSlice[]): string[] | undefined {
  const known = stack.some(({ target }) => places.some((place) => inTheSame(place, target)))
  if (!known) return undefined
  return stack.flatMap(({ imageId, target }) => {
    const { plane, toleranceMm } = target
    const drawn = places.some((place) => {
      if (!plane || !inTheSame(place, target)) return false
      const { lines, points } = onSlice(plane, shapeOf(place), toleranceMm)
      return lines.length + points.length > 0
    })
    return drawn ? [imageId] : []
  })
}

export interface StackSlice {
  readonly imageId: string
  readonly target: Pick<Target, 'plane' | 'toleranceMm' | 'frameOfReferenceUid'>
}

function inTheSame(place: Reported['places'][number], { frameOfReferenceUid }: Pick<Target, 'frameOfReferenceUid'>): boolean {
  return frameOfReferenceUid !== undefined && place.frame_of_reference_uid === frameOfReferenceUid
}
