/** Which stacks scroll together: by the place of their slices in the patient, or by an offset that the reader set. */
import type { Frame } from '../../../dicomweb/frame'
import { dot } from '../../../dicomweb/order'
import { createStore } from '../../../kit/store'
import { frameOf } from '../../../viewport/known-frames'
import type { StackView } from '../../../viewport/stack-view'
import { isParallel, nearestPlace, placeOf } from '../place'

/** place: same frame of reference, nearest slice within half a gap. offset: as far apart as when it was chosen. */
export type LinkMode = 'off' | 'place' | 'offset'

export const linkMode = createStore<LinkMode>('place')
export const NEXT_MODE: Readonly<Record<LinkMode, LinkMode>> = { place: 'offset', offset: 'off', off: 'place' }

/** Why a stack did not follow: it lies in another frame of reference, or in another direction, or has no slice there. */
export type NotFollowing = 'elsewhere' | 'across' | 'no-slice'
/** What is said of it: across each other, the reference lines tell. */
export type Unlinked = Exclude<NotFollowing, 'across'>
export const unlinked = createStore<ReadonlyMap<string, Unlinked>>(new Map())

/** Where a stack was sent by a link, so that its move is not taken for the reader's. */
const sent = new WeakMap<StackView, number>()

export function send(view: StackView, index: number): void {
  if (view.state.get().index === index) return
  sent.set(view, index)
  void view.scrollTo(index)
}

/** Whether a move to this index came from a link. */
export function wasSent(view: StackView, index: number): boolean {
  if (sent.get(view) !== index) return false
  sent.delete(view)
  return true
}

type Frames = readonly (Frame | undefined)[]

/** The slice of another stack for a slice of this one. Pure. */
export function followerAt(from: Frame | undefined, frames: Frames): number | NotFollowing {
  const place = placeOf(from)
  const other = frames.map(placeOf).find((one) => one !== undefined)
  if (!place || !other || other.frameOfReferenceUid !== place.frameOfReferenceUid) return 'elsewhere'
  if (!isParallel(place, other)) return 'across'
  return nearestPlace(place, frames) ?? 'no-slice'
}

export interface Together {
  /** What was on both screens when the offset was set. */
  readonly from: number
  readonly to: number
}

/** As far from where it was as the other has gone: in mm along its own normal where both know it, else in images. Pure. */
export function followerByOffset(frames: Frames, index: number, others: Frames, { from, to }: Together): number | Unlinked {
  const [start, now, base] = [placeOf(frames[from]), placeOf(frames[index]), placeOf(others[to])]
  if (!start || !now || !base) {
    const at = to + index - from
    return at >= 0 && at < others.length ? at : 'no-slice'
  }
  // Two examinations may count their slices from opposite ends.
  const sameWay = dot(start.normal, base.normal) >= 0 ? 1 : -1
  return nearestPlace({ ...base, distance: base.distance + sameWay * (now.distance - start.distance) }, others) ?? 'no-slice'
}

const offsets = new Map<string, Together>()

/** From here on stacks stay as far apart as they are now. */
export function setOffsets(): void {
  offsets.clear()
}

function togetherOf(view: StackView, before: number, other: StackView): Together {
  const key = [view, other].map((one) => `${one.id} ${one.stack()[0]}`).join(' > ')
  const known = offsets.get(key) ?? { from: before, to: other.state.get().index }
  offsets.set(key, known)
  return known
}

/** Takes the other stacks along. before: where the reader's stack was. */
export function takeAlong(view: StackView, before: number, others: readonly StackView[]): void {
  const mode = linkMode.get()
  const { index } = view.state.get()
  const reasons = new Map<string, Unlinked>()
  for (const other of mode === 'off' ? [] : others) {
    if (other === view || other.stack().length === 0) continue
    const [frames, theirs] = [view.stack().map(frameOf), other.stack().map(frameOf)]
    const at = mode === 'place' ? followerAt(frames[index], theirs) : followerByOffset(frames, index, theirs, togetherOf(view, before, other))
    if (typeof at === 'number') send(other, at)
    else if (at !== 'across' && (mode === 'offset' || placeOf(theirs[0]))) reasons.set(other.id, at)
  }
  unlinked.set(reasons)
}
