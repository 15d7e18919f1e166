/** Checks of displays: this reader's at this workstation; and, for administrators, the last one of every workstation. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type DisplayChecks = components['schemas']['DisplayChecks']
export type Workstation = components['schemas']['CheckedWorkstation']
export type Workstations = components['schemas']['CheckedWorkstations']
export type CheckToKeep = components['schemas']['CheckToKeep']

const KEY = 'isocenter.workstation'

/** A random word that this browser keeps; it names no person and no machine. */
export function workstationName(): string {
  const known = localStorage.getItem(KEY)
  if (known && /^[0-9A-Za-z-]{8,64}$/.test(known)) return known
  const made = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  localStorage.setItem(KEY, made)
  return made
}

export function displayChecksQuery(workstation: string) {
  return queryOptions({
    queryKey: ['display-checks', workstation],
    queryFn: async ({ signal }) => dataOf(await api.GET('/api/display-checks', { params: { query: { workstation } }, signal })),
    staleTime: 10 * 60_000,
  })
}

export async function keepDisplayCheck(body: CheckToKeep): Promise<DisplayChecks> {
  return dataOf(await api.POST('/api/display-checks', { body }))
}

/** No workstation is called so: their names are longer. */
export const workstationsQuery = queryOptions({
  queryKey: ['display-checks', 'all'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/display-checks/all', { signal })),
  staleTime: 0,
})

export async function setCheckRule(dueAfterDays: number): Promise<number> {
  return dataOf(await api.PUT('/api/display-checks/rule', { body: { due_after_days: dueAfterDays } })).due_after_days
}
