/** Dates and times of DICOM (PS3.5 6.2: DA, TM) as moments of the scanner's own clock. */

/** ms on the clock of the device; two moments of one device may be compared, and no zone is needed for that. */
export type Moment = number

/** date: YYYYMMDD. time: HH, HHMM, HHMMSS or HHMMSS.FFFFFF, a zone after it is left out. undefined when either is not what it should be. */
export function momentOf(date: string | undefined, time: string | undefined): Moment | undefined {
  const day = /^(\d{4})(\d{2})(\d{2})$/.exec(date?.trim() ?? '')
  const clock = /^(\d{2})(\d{2})?(\d{2})?(?:\.(\d{1,6}))?(?:[+-]\d{4})?$/.exec(time?.trim() ?? '')
  if (!day || !clock) return undefined
  const [hour, minute, second] = [clock[1], clock[2], clock[3]].map((part) => Number(part ?? 0)) as [number, number, number]
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const fraction = Number(`0.${clock[4] ?? '0'}`)
  return Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3]), hour, minute, second) + fraction * 1000
}

export const secondsBetween = (from: Moment, to: Moment): number => (to - from) / 1000
