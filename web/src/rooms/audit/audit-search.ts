/** What the auditor typed, as the server's search. */
import type { AuditEvent, AuditSearch } from '../../api/audit'

type Action = NonNullable<AuditSearch['actions']>[number]

export interface Asked {
  readonly since: string
  readonly until: string
  readonly who: string
  readonly study: string
  readonly patient: string
  readonly action: string
  readonly failed: boolean
}

export const NOTHING_ASKED: Asked = { since: '', until: '', who: '', study: '', patient: '', action: '', failed: false }

/** Days are the reader's own; the last one is whole. */
export function searchOf(asked: Asked): AuditSearch {
  return {
    since: momentOf(asked.since, 0),
    until: momentOf(asked.until, 1),
    who: asked.who.trim(),
    study_instance_uid: asked.study.trim(),
    patient_id: asked.patient.trim(),
    actions: asked.action ? [asked.action as Action] : [],
    failed: asked.failed,
  }
}

/** The beginning of a day (YYYY-MM-DD), or of one some days later. */
function momentOf(day: string, later: number): string | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day)
  if (!parts) return null
  return new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]) + later).toISOString()
}

/** A moment to the second: what happened in one minute has an order. */
export function exactMoment(iso: string): string {
  const at = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** What an event says besides its columns, one line each. */
export function detailsOf(event: AuditEvent): readonly (readonly [string, string])[] {
  return Object.entries(event.detail).map(([name, value]) => [name.replaceAll('_', ' '), typeof value === 'string' ? value : JSON.stringify(value)])
}
