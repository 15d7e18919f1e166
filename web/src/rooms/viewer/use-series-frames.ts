/**
 * The frames of a series, in order. The header of the first instance comes with the study, or is asked for alone beside its pixels;
 * those of the others are asked for when the first picture is here, so that it need not share the line with them.
 */
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'

import { ApiError, watchedFetch } from '../../api/client'
import type { Series } from '../../api/types'
import { imageIdOf, instanceAddress, type SeriesKey } from '../../dicomweb/addresses'
import { describeFrame, type Frame, frameCountOf } from '../../dicomweb/frame'
import type { DataSet } from '../../dicomweb/json'
import { orderFrames } from '../../dicomweb/order'
import { dataSetsOf, type SharedMetadata } from '../../dicomweb/shared-metadata'
import { rememberFrame } from '../../viewport/known-frames'
import { forgetUnusedSeries } from './forget-series'
import { firstPictureOver, openedHeader } from './opening'

forgetUnusedSeries()

export interface SeriesFrames {
  readonly imageIds: readonly string[]
  readonly whole: boolean
  readonly uneven: boolean
  readonly failed: boolean
}

async function json<T>(address: string, accept: string, signal: AbortSignal): Promise<T> {
  const response = await watchedFetch(new Request(address, { headers: { Accept: accept }, signal }))
  if (!response.ok) throw new ApiError(response.status, 'metadata')
  return (await response.json()) as T
}

async function firstHeader(key: SeriesKey, sopInstanceUid: string, signal: AbortSignal): Promise<readonly DataSet[]> {
  const opened = await openedHeader(key.studyInstanceUid, sopInstanceUid)
  return opened ?? json<DataSet[]>(`${instanceAddress({ ...key, sopInstanceUid })}/metadata`, 'application/dicom+json', signal)
}

async function allHeaders({ studyInstanceUid, seriesInstanceUid }: SeriesKey, signal: AbortSignal): Promise<DataSet[]> {
  await firstPictureOver(studyInstanceUid)
  const address = `/api/studies/${studyInstanceUid}/series/${seriesInstanceUid}/metadata`
  return dataSetsOf(await json<SharedMetadata>(address, 'application/json', signal))
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
    queryFn: async ({ signal }) => prepared(key, await firstHeader(key, firstUid ?? '', signal)),
    enabled: drawable && firstUid !== undefined,
    staleTime: Infinity,
  })
  const all = useQuery({
    queryKey: ['frames', studyInstanceUid, seriesInstanceUid, 'all', count],
    queryFn: async ({ signal }) => prepared(key, await allHeaders(key, signal)),
    enabled: drawable && (count > 1 || firstUid === undefined),
    // While a series grows its frames stay; those of another series must never stand for them.
    placeholderData: (before, query) => (query?.queryKey[2] === seriesInstanceUid ? before : undefined),
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
