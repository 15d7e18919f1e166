/** The people of one's institution: accounts, roles with history, invitations. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Person = components['schemas']['Person']
export type PersonPage = components['schemas']['PersonPage']
export type Invitation = components['schemas']['Invitation']
export type NewInvitation = components['schemas']['NewInvitation']
export type OneTimeLink = components['schemas']['InvitationLink']

const PAGE = 500
/** No institution has more people than pages can hold; a loop ends. */
const MOST_PAGES = 20

const at = (userId: number) => ({ params: { path: { user_id: userId } } })

export const peopleQuery = queryOptions({
  queryKey: ['people'],
  queryFn: async ({ signal }) => {
    const people: Person[] = []
    let after = ''
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const found = dataOf(await api.POST('/api/people/search', { body: { text: '', after, limit: PAGE }, signal }))
      people.push(...found.people)
      if (!found.after) break
      after = found.after
    }
    return people
  },
  gcTime: 60_000,
})

export const personQuery = (userId: number) =>
  queryOptions({
    queryKey: ['people', userId],
    queryFn: async ({ signal }) => dataOf(await api.GET('/api/people/{user_id}', { ...at(userId), signal })),
    gcTime: 60_000,
  })

export async function changePerson(userId: number, body: components['schemas']['PersonChange']): Promise<PersonPage> {
  return dataOf(await api.PATCH('/api/people/{user_id}', { ...at(userId), body }))
}

export async function setRoles(userId: number, roles: readonly string[]): Promise<PersonPage> {
  return dataOf(await api.PUT('/api/people/{user_id}/roles', { ...at(userId), body: { roles: [...roles] } }))
}

export async function setPersonActive(userId: number, active: boolean): Promise<PersonPage> {
  const answer = active ? await api.POST('/api/people/{user_id}/enable', at(userId)) : await api.POST('/api/people/{user_id}/disable', at(userId))
  return dataOf(answer)
}

/** A one-time link with which a person chooses a new password. */
export async function resetSignIn(userId: number, forgetFactors: boolean) {
  return dataOf(await api.POST('/api/people/{user_id}/sign-in-reset', { ...at(userId), body: { forget_factors: forgetFactors } }))
}

export const invitationsQuery = queryOptions({
  queryKey: ['invitations'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/invitations', { signal })).invitations,
  gcTime: 60_000,
})

/** A one-time link; the server keeps no copy of its secret. */
export async function invite(body: NewInvitation): Promise<OneTimeLink> {
  return dataOf(await api.POST('/api/invitations', { body }))
}

export async function withdrawInvitation(invitationId: number): Promise<void> {
  dataOf(await api.DELETE('/api/invitations/{invitation_id}', { params: { path: { invitation_id: invitationId } } }))
}
