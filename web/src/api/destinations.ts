/** Where studies can be sent to. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Destination = components['schemas']['Destination']
export type DestinationFields = Omit<components['schemas']['NewDestination'], 'associations'>

const at = (destinationId: number) => ({ params: { path: { destination_id: destinationId } } })

export const destinationsQuery = queryOptions({
  queryKey: ['destinations'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/destinations', { signal })).destinations,
})

export async function addDestination(body: DestinationFields): Promise<Destination> {
  return dataOf(await api.POST('/api/destinations', { body: { associations: 1, ...body } }))
}

export async function changeDestination(destinationId: number, body: DestinationFields): Promise<Destination> {
  return dataOf(await api.PATCH('/api/destinations/{destination_id}', { ...at(destinationId), body }))
}

export async function removeDestination(destinationId: number): Promise<void> {
  dataOf(await api.DELETE('/api/destinations/{destination_id}', at(destinationId)))
}

export async function echoDestination(destinationId: number) {
  return dataOf(await api.POST('/api/destinations/{destination_id}/echo', at(destinationId)))
}
