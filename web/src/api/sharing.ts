/** Alliances, and what hospitals share with each other. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Alliance = components['schemas']['Alliance']
export type SharingRule = components['schemas']['SharingRule']
export type NewRule = components['schemas']['NewRule']

export const alliancesQuery = queryOptions({
  queryKey: ['alliances'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/alliances', { signal })).alliances,
})

export const alliesQuery = queryOptions({
  queryKey: ['allies'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/allies', { signal })),
})

export const sharingRulesQuery = queryOptions({
  queryKey: ['sharing-rules'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/sharing-rules', { signal })),
})

export async function addAlliance(name: string, members: readonly number[]): Promise<void> {
  dataOf(await api.POST('/api/alliances', { body: { name, institution_ids: [...members] } }))
}

/** Who joins and who leaves, so that these are the members. */
export async function setMembers(alliance: Alliance, members: readonly number[]): Promise<void> {
  const now = alliance.members.map((each) => each.institution_id)
  for (const institution_id of members.filter((each) => !now.includes(each))) {
    const path = { alliance_id: alliance.alliance_id }
    dataOf(await api.POST('/api/alliances/{alliance_id}/members', { params: { path }, body: { institution_id } }))
  }
  for (const institution_id of now.filter((each) => !members.includes(each))) {
    const path = { alliance_id: alliance.alliance_id, institution_id }
    dataOf(await api.DELETE('/api/alliances/{alliance_id}/members/{institution_id}', { params: { path } }))
  }
}

export async function endAlliance(allianceId: number): Promise<void> {
  dataOf(await api.DELETE('/api/alliances/{alliance_id}', { params: { path: { alliance_id: allianceId } } }))
}

export async function giveRule(body: NewRule): Promise<void> {
  dataOf(await api.POST('/api/sharing-rules', { body }))
}

export async function endRule(ruleId: number): Promise<void> {
  dataOf(await api.DELETE('/api/sharing-rules/{rule_id}', { params: { path: { rule_id: ruleId } } }))
}
