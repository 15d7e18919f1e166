/** Civil dates and times of DICOM (DA, TM), shown the same way in every language: 2024-03-05, 14:30. */

export function readableDate(da: string | null | undefined): string | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(da ?? '')
  return match ? `${match[1]}-${match[2]}-${match[3]}` : undefined
}

export function readableTime(tm: string | null | undefined): string | undefined {
  const match = /^(\d{2})(\d{2})/.exec(tm ?? '')
  return match ? `${match[1]}:${match[2]}` : undefined
}

const two = (value: number): string => String(value).padStart(2, '0')

/** A moment of ours (ISO 8601, UTC) in the time zone of the reader. */
export function readableMoment(iso: string): string {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return ''
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`
}

export function toDa(date: Date): string {
  return `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`
}

export interface Age {
  readonly unit: 'ageYears' | 'ageMonths' | 'ageDays'
  readonly count: number
}

/** Age on a day, in the unit that is usual: days below a month, months below two years, then years. */
export function ageOn(birth: string | null | undefined, day: string | null | undefined): Age | undefined {
  const from = readableDate(birth)
  const to = readableDate(day)
  if (!from || !to || to < from) return undefined
  const [start, end] = [new Date(`${from}T00:00Z`), new Date(`${to}T00:00Z`)]
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())) return undefined
  const wholeMonth = end.getUTCDate() < start.getUTCDate() ? 1 : 0
  const months = (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth() - wholeMonth
  if (months < 1) return { unit: 'ageDays', count: Math.round((end.getTime() - start.getTime()) / 86_400_000) }
  if (months < 24) return { unit: 'ageMonths', count: months }
  return { unit: 'ageYears', count: Math.floor(months / 12) }
}
