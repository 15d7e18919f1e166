/** The other studies of the person in the room, the most telling first. */
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { priorsQuery } from '../../../api/priors'
import type { Study } from '../../../api/types'
import { bodyPartsOf } from '../hanging/words'
import { rated, type RatedPrior } from './relevance'

/** undefined until they are known. */
export function useRatedPriors(studyInstanceUid: string, study: Study | undefined, enabled = true): readonly RatedPrior[] | undefined {
  const { data } = useQuery({ ...priorsQuery(studyInstanceUid), enabled })
  return useMemo(() => {
    if (!data || !study) return undefined
    const texts = [study.study_description, ...study.series.flatMap((one) => [one.body_part_examined, one.series_description])]
    return rated(data.priors, { modalities: study.modalities, bodyParts: bodyPartsOf(texts), studyDate: study.study_date ?? '' })
  }, [data, study])
}
