/** Short names for what the API speaks; the shapes are generated from the server's OpenAPI into schema.d.ts. */
import type { components } from './schema'

type Schemas = components['schemas']

export type Me = Schemas['Me']
export type StudySearch = Schemas['StudySearch']
export type StudyPage = Schemas['StudyPage']
export type StudyRow = Schemas['StudyRow']
export type Study = Schemas['Study']
export type Series = Schemas['Series']
export type Enrolment = Schemas['Enrolment']
