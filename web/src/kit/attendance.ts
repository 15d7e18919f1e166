/** Whether somebody is at the screen: the last touch of a key, pointer or wheel, in any tab of this browser. */

/** Requests of a page that nobody touched for this long do not keep the session alive. */
export const UNATTENDED_AFTER_MS = 60_000
const KEPT_AT = 'isocenter.touched'
const WRITTEN_EVERY_MS = 3_000

let touchedAt = Date.now()
let writtenAt = 0

/** Milliseconds since 1970 of the last touch in any tab. */
export function lastTouched(): number {
  try {
    return Math.max(touchedAt, Number(localStorage.getItem(KEPT_AT)) || 0)
  } catch {
    return touchedAt
  }
}

export function touched(): void {
  touchedAt = Date.now()
  if (touchedAt - writtenAt < WRITTEN_EVERY_MS) return
  writtenAt = touchedAt
  try {
    localStorage.setItem(KEPT_AT, String(touchedAt))
  } catch {
    // Storage may be forbidden; each tab then stands for itself.
  }
}

export function unattended(): boolean {
  return Date.now() - lastTouched() > UNATTENDED_AFTER_MS
}

export interface Idleness {
  readonly state: 'working' | 'warned' | 'over'
  /** Until the session ends, whole seconds. */
  readonly leftS: number
}

/** How close the end of the session is: a warning in the last minute, or in the last half of a shorter time. */
export function idleness(now: number, touchedLast: number, idleMinutes: number): Idleness {
  const whole = idleMinutes * 60_000
  const left = whole - (now - touchedLast)
  const leftS = Math.max(0, Math.ceil(left / 1000))
  if (left <= 0) return { state: 'over', leftS }
  return { state: left <= Math.min(60_000, whole / 2) ? 'warned' : 'working', leftS }
}

/** From here on, notice every touch of this page. Called once, where the client starts. */
export function watchTouches(): void {
  for (const kind of ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const) {
    window.addEventListener(kind, touched, { passive: true, capture: true })
  }
}
