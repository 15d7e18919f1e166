/** The objects of a series by name, and the data set of one. */
import { useQuery } from '@tanstack/react-query'

import { ApiError, watchedFetch } from '../../../api/client'
import { instanceAddress, seriesAddress } from '../../../dicomweb/addresses'
import { type DataSet, number, text } from '../../../dicomweb/json'
import { TAG } from '../../../dicomweb/tags'

export interface Instance {
  readonly sopInstanceUid: string
  readonly sopClassUid: string
  readonly number: number | undefined
  /** By DICOMweb. */
  readonly address: string
}

async function json(address: string, signal?: AbortSignal): Promise<DataSet[]> {
  const response = await watchedFetch(new Request(address, { headers: { Accept: 'application/dicom+json' }, signal: signal ?? null }))
  if (response.status === 204) return []
  if (!response.ok) throw new ApiError(response.status, 'metadata')
  return (await response.json()) as DataSet[]
}

/** count: of the series; a new one is asked for when it has changed. */
export function useInstances(studyInstanceUid: string, seriesInstanceUid: string, count: number) {
  return useQuery({
    queryKey: ['instances', studyInstanceUid, seriesInstanceUid, count],
    queryFn: async ({ signal }): Promise<Instance[]> => {
      const key = { studyInstanceUid, seriesInstanceUid }
      const found = await json(`${seriesAddress(key)}/instances`, signal)
      const instances = found.map((dataSet) => {
        const sopInstanceUid = text(dataSet, TAG.SOPInstanceUID) ?? ''
        return {
          sopInstanceUid,
          sopClassUid: text(dataSet, TAG.SOPClassUID) ?? '',
          number: number(dataSet, TAG.InstanceNumber),
          address: instanceAddress({ ...key, sopInstanceUid }),
        }
      })
      return instances.sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity) || (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1))
    },
    staleTime: Infinity,
  })
}

/** The metadata of one instance. Throws ApiError. */
export async function dataSetAt(address: string, signal?: AbortSignal): Promise<DataSet> {
  const [dataSet] = await json(`${address}/metadata`, signal)
  if (!dataSet) throw new ApiError(404, 'metadata')
  return dataSet
}

export function useDataSet(address: string | undefined) {
  return useQuery({
    queryKey: ['data-set', address],
    queryFn: ({ signal }) => dataSetAt(address ?? '', signal),
    enabled: address !== undefined,
    staleTime: Infinity,
  })
}

/** Bytes that the data set only names. Bulk data is named with the host by which the server knows itself; we ask where we asked before. */
export async function bulkBytes(address: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const { pathname, search } = new URL(address, window.location.href)
  const response = await watchedFetch(new Request(pathname + search, { headers: { Accept: 'application/octet-stream' }, signal: signal ?? null }))
  if (!response.ok) throw new ApiError(response.status, 'bulk-data')
  return new Uint8Array(await response.arrayBuffer())
}
