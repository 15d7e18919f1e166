/** Institutions of the region and the departments of one. */
import { queryOptions } from '@tanstack/react-query'

import { api, dataOf } from './client'
import type { components } from './schema'

export type Institution = components['schemas']['Institution']
export type InstitutionProgress = components['schemas']['InstitutionProgress']
export type Department = components['schemas']['Department']
export type NewInstitution = Required<components['schemas']['NewInstitution']>
export type NewDepartment = Required<components['schemas']['NewDepartment']>

const at = (institutionId: number) => ({ params: { path: { institution_id: institutionId } } })
/** undefined: one's own institution. */
const inside = (institutionId?: number) => ({ query: { institution_id: institutionId } })

export const institutionsQuery = queryOptions({
  queryKey: ['institutions'],
  queryFn: async ({ signal }) => dataOf(await api.GET('/api/institutions', { signal })).institutions,
})

export const progressQuery = (institutionId: number) =>
  queryOptions({
    queryKey: ['institutions', institutionId],
    queryFn: async ({ signal }) => dataOf(await api.GET('/api/institutions/{institution_id}', { ...at(institutionId), signal })),
  })

export async function addInstitution(body: NewInstitution): Promise<Institution> {
  return dataOf(await api.POST('/api/institutions', { body }))
}

export async function changeInstitution(institutionId: number, body: components['schemas']['InstitutionChange']): Promise<Institution> {
  return dataOf(await api.PATCH('/api/institutions/{institution_id}', { ...at(institutionId), body }))
}

export async function setInstitutionActive(institutionId: number, active: boolean): Promise<Institution> {
  const answer = active
    ? await api.POST('/api/institutions/{institution_id}/activate', at(institutionId))
    : await api.POST('/api/institutions/{institution_id}/deactivate', at(institutionId))
  return dataOf(answer)
}

/** The one-time link for the administrator of an institution that has none. */
export async function inviteFirstAdministrator(institutionId: number): Promise<components['schemas']['InvitationLink']> {
  return dataOf(await api.POST('/api/institutions/{institution_id}/first-administrator', at(institutionId)))
}

export const departmentsQuery = (institutionId?: number) =>
  queryOptions({
    queryKey: ['departments', institutionId ?? 'own'],
    queryFn: async ({ signal }) => dataOf(await api.GET('/api/departments', { params: inside(institutionId), signal })).departments,
  })

export async function addDepartment(body: NewDepartment, institutionId?: number): Promise<Department> {
  return dataOf(await api.POST('/api/departments', { params: inside(institutionId), body }))
}

export async function changeDepartment(departmentId: number, body: NewDepartment): Promise<Department> {
  return dataOf(await api.PATCH('/api/departments/{department_id}', { params: { path: { department_id: departmentId } }, body }))
}

export async function removeDepartment(departmentId: number): Promise<void> {
  dataOf(await api.DELETE('/api/departments/{department_id}', { params: { path: { department_id: departmentId } } }))
}
