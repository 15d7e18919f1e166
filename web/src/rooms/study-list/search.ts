/** What is searched for, and how it is asked. Kept in memory only: names belong neither in addresses nor on the disk of the device. */
import { infiniteQueryOptions, type InfiniteData } from '@tanstack/react-query'

import { api, dataOf } from '../../api/client'
import type { StudyPage, StudySearch } from '../../api/types'
import { toDa } from '../../kit/dates'
import { createStore } from '../../kit/store'

export type DateChoice = 'any' | 'today' | 'days7' | 'days30' | 'range'
export type Sort = NonNullable<StudySearch['sort']>

export interface Search {
  readonly text: string
  readonly patientName: string
  readonly patientId: string
  readonly accessionNumber: string
  readonly modalities: readonly string[]
  readonly date: DateChoice
  /** As <input type="date"> gives them: YYYY-MM-DD or ''. */
  readonly from: string
  readonly to: string
  readonly sort: Sort
}

export const EVERYTHING: Search = {
  text: '',
  patientName: '',
  patientId: '',
  accessionNumber: '',
  modalities: [],
  date: 'any',
  from: '',
  to: '',
  sort: '-study_date',
}

export const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'MG', 'US', 'XA', 'RF', 'NM', 'PT', 'SR', 'OT'] as const

const PAGE = 50
const DAYS = { today: 0, days7: 6, days30: 29 } as const

/** Outlives the list, so that coming back from a study finds it as it was left. */
export const currentSearch = createStore<Search>(EVERYTHING)

export function isNarrowed(search: Search): boolean {
  const { sort: _sort, limit: _limit, modality, ...rest } = bodyOf(search, new Date())
  return (modality ?? []).length > 0 || Object.values(rest).some((value) => value !== undefined)
}

function daysBefore(today: Date, days: number): Date {
  return new Date(today.getFullYear(), today.getMonth(), today.getDate() - days)
}

/** A range of dates as the API takes it, open at either end; undefined for any. */
export function dateRange(search: Pick<Search, 'date' | 'from' | 'to'>, today: Date): string | undefined {
  if (search.date === 'any') return undefined
  if (search.date !== 'range') return `${toDa(daysBefore(today, DAYS[search.date]))}-${toDa(today)}`
  const [from, to] = [search.from, search.to].map((date) => date.replaceAll('-', ''))
  return from || to ? `${from}-${to}` : undefined
}

export function bodyOf(search: Search, today: Date): StudySearch {
  const given = (words: string) => words.trim() || undefined
  return {
    text: given(search.text),
    patient_name: given(search.patientName),
    patient_id: given(search.patientId),
    accession_number: given(search.accessionNumber),
    modality: [...search.modalities],
    study_date: dateRange(search, today),
    sort: search.sort,
    limit: PAGE,
  }
}

export async function askStudies(body: StudySearch, signal?: AbortSignal): Promise<StudyPage> {
  return dataOf(await api.POST('/api/studies/search', { body, signal }))
}

export function studiesQuery(search: Search) {
  return infiniteQueryOptions({
    queryKey: ['studies', search],
    queryFn: ({ pageParam, signal }) => askStudies({ ...bodyOf(search, new Date()), cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: StudyPage) => page.next_cursor ?? null,
    staleTime: Infinity,
    gcTime: 60_000,
    placeholderData: (previous?: InfiniteData<StudyPage, string | null>) => previous,
  })
}
