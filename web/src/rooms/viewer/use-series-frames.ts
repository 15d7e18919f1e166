/**
 * The frames of a series, in order. The first instance's metadata is asked for alone, beside its pixels, so that the first image
 * need not wait for the metadata of a thousand others.
 */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { ApiError, watchedFetch } from '../../api/client'
import type { Series } from '../../api/types'
import { imageIdOf, instanceAddress, seriesAddress, type SeriesKey } from '../../dicomweb/addresses'
import { describeFrame, type Frame, frameCountOf } from '../../dicomweb/frame'
import type { DataSet } from '../../dicomweb/json'
import { orderFrames } from '../../dicomweb/order'
import { rememberFrame } from '../../viewport/known-frames'

export interface SeriesFrames {
  readonly imageIds: readonly string[]
  readonly whole: boolean
  readonly uneven: boolean
  readonly failed: boolean
}

async function metadata(address: string, signal: AbortSignal): Promise<DataSet[]> {
  const response = await watchedFetch(new Request(address, { headers: { Accept: 'application/dicom+json' }, signal }))
  if (!response.ok) throw new ApiError(response.status, 'metadata')
  return (await response.json()) as DataSet[]
}

function framesOf(dataSets: readonly DataSet[]): Frame[] {
  return dataSets.flatMap((dataSet) =>
    Array.from({ length: frameCountOf(dataSet) }, (_, index) => describeFrame(dataSet, index + 1)).filter((frame) => frame.rows > 0),
  )
}

/** Orders frames, makes them known to the loader, and names them. */
function prepared(key: SeriesKey, dataSets: readonly DataSet[]): { imageIds: string[]; uneven: boolean } {
  const { frames, uneven } = orderFrames(framesOf(dataSets))
  const imageIds = frames.map((frame) => {
    const imageId = imageIdOf({ ...key, sopInstanceUid: frame.sopInstanceUid, frameNumber: frame.frameNumber })
    rememberFrame(imageId, frame)
    return imageId
  })
  return { imageIds, uneven }
}

export function useSeriesFrames(studyInstanceUid: string, series: Series): SeriesFrames {
  const { series_instance_uid: seriesInstanceUid, first, instance_count: count, drawable } = series
  const key = useMemo(() => ({ studyInstanceUid, seriesInstanceUid }), [studyInstanceUid, seriesInstanceUid])
  const firstUid = first?.sop_instance_uid
  const alone = useQuery({
    queryKey: ['frames', studyInstanceUid, seriesInstanceUid, 'first', firstUid],
    queryFn: async ({ signal }) =>
      prepared(key, await metadata(`${instanceAddress({ ...key, sopInstanceUid: firstUid ?? '' })}/metadata`, signal)),
    enabled: drawable && firstUid !== undefined,
    staleTime: Infinity,
  })
  const all = useQuery({
    queryKey: ['frames', studyInstanceUid, seriesInstanceUid, 'all', count],
    queryFn: async ({ signal }) => prepared(key, await metadata(`${seriesAddress(key)}/metadata`, signal)),
    enabled: drawable && (count > 1 || firstUid === undefined),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  })
  return useMemo(() => {
    const known = all.data ?? alone.data
    const begun = firstUid === undefined ? [] : [imageIdOf({ ...key, sopInstanceUid: firstUid, frameNumber: 1 })]
    return {
      imageIds: known && known.imageIds.length > 0 ? known.imageIds : begun,
      whole: all.data !== undefined || (count === 1 && alone.data !== undefined),
      uneven: all.data?.uneven ?? false,
      // Metadata without a single frame: the server could not read the header.
      failed: known === undefined ? alone.isError || all.isError : known.imageIds.length === 0 && !all.isFetching,
    }
  }, [all.data, all.isError, alone.data, all.isFetching, alone.isError, count, firstUid, key])
}
