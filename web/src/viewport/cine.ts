/**
 * Cine: at every moment the image that is due by the clock is shown. An image that comes late, or a screen that is too slow, drops
 * images; the film never runs slower than the heart did. What really reached the screen is counted.
 */
import { imageAt, type Reel, startAt } from '../dicomweb/film-timing'

export interface Film {
  readonly reel: Reel
  /** Where it begins. */
  readonly from: number
  /** Shows an image; resolves when it is on screen. */
  show(index: number): Promise<void>
  /** Images that reached the screen in the last second; told twice a second. */
  measured(perSecond: number): void
  /** A film that runs once has come to its end. */
  ended(): void
}

const TOLD_EVERY_MS = 500

/** Starts playing; the returned function stops it. */
export function playFilm(film: Film): () => void {
  const projector = { stopped: false, busy: false, shown: film.from }
  const begun = performance.now() - startAt(film.reel, film.from)
  const seen: number[] = []
  const told = { at: performance.now() }
  const onScreen = (index: number) => {
    projector.busy = false
    projector.shown = index
    seen.push(performance.now())
  }
  const tick = (): void => {
    if (projector.stopped) return
    const now = performance.now()
    const due = imageAt(film.reel, Math.max(0, now - begun))
    if (due === undefined) return film.ended()
    if (due !== projector.shown && !projector.busy) {
      projector.busy = true
      film.show(due).then(
        () => onScreen(due),
        () => onScreen(due),
      )
    }
    tell(now, seen, told, film)
    requestAnimationFrame(tick)
  }
  requestAnimationFrame(tick)
  return () => {
    projector.stopped = true
  }
}

function tell(now: number, seen: number[], told: { at: number }, film: Film): void {
  if (now - told.at < TOLD_EVERY_MS) return
  told.at = now
  while ((seen[0] ?? now) < now - 1000) seen.shift()
  const [first, last] = [seen[0], seen.at(-1)]
  if (first !== undefined && last !== undefined && last > first) film.measured(((seen.length - 1) * 1000) / (last - first))
}
