/** Lists that go in and out as files: CSV of a spreadsheet or JSON, all or nothing. */
import { ApiError, reasonOf, watchedFetch } from './client'
import type { components } from './schema'

export type ImportReport = components['schemas']['ImportReport']
export type ListName = 'institutions' | 'departments' | 'people' | 'devices' | 'sharing-rules'
export type ListForm = 'csv' | 'json'

export function exportAddress(list: ListName, form: ListForm): string {
  return `/api/${list}/export?as=${form}`
}

/** Checks a file or (dryRun false) writes it. */
export async function importList(list: ListName, file: File, dryRun: boolean): Promise<ImportReport> {
  const type = file.name.toLowerCase().endsWith('.json') ? 'application/json' : 'text/csv'
  const address = new URL(`/api/${list}/import?dry_run=${dryRun}`, window.location.origin)
  const answer = await watchedFetch(
    new Request(address, { method: 'POST', body: file, headers: { 'Content-Type': type, 'X-Isocenter': '1' } }),
  )
  const body: unknown = await answer.json().catch(() => undefined)
  if (!answer.ok) throw new ApiError(answer.status, reasonOf(body))
  return body as ImportReport
}
