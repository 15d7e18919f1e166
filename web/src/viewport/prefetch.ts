/**
 * What one viewport needs soon: the bytes of its whole stack, nearest first, as far as they can be kept; and the pixels of the images
 * around the one shown, so that scrolling waits for nothing. Decoded pixels are many times larger and are kept for a window only.
 */
import { cache, imageLoader } from '@cornerstonejs/core'

import { createStore, type Store } from '../kit/store'
import { frames } from './frame-bytes'
import { nearestFirst } from './nearest-first'

/** Images decoded around the one shown, and no more than this share of the cache for all viewports together. */
const MOST_DECODED = 48
const CACHE_SHARE = 0.6
const DECODING_AT_ONCE = 2
/** While frames are still coming only so many around the one shown: the processors are needed for what comes. */
const DECODED_MEANWHILE = 8
/** The order of fetching is made anew when the reader has moved so far from where it was made. */
const ORDER_HOLDS_FOR = 8
const REPORT_MS = 100

const viewports = new Set<Prefetch>()

export class Prefetch {
  /** Share of the stack that is at hand, 0 to 1. */
  readonly share: Store<number> = createStore(0)
  private imageIds: readonly string[] = []
  private ahead: readonly string[] = []
  private ordered = { at: -1, direction: 1 as 1 | -1 }
  private index = 0
  private window: string[] = []
  private decoding = 0
  private reporting: ReturnType<typeof setTimeout> | undefined
  private unsubscribe: (() => void) | undefined

  start(imageIds: readonly string[], index: number): void {
    viewports.add(this)
    this.unsubscribe ??= frames.onArrival(this.onArrival)
    if (imageIds !== this.imageIds) this.ordered.at = -1
    this.imageIds = imageIds
    frames.forgetFailures()
    this.aim(index)
    this.report()
  }

  /** Continues from another place of the stack. */
  aim(index: number): void {
    if (this.imageIds.length === 0) return
    const direction = index === this.index ? this.ordered.direction : index > this.index ? 1 : -1
    this.index = index
    if (this.ordered.at < 0 || direction !== this.ordered.direction || Math.abs(index - this.ordered.at) >= ORDER_HOLDS_FOR) {
      this.ordered = { at: index, direction }
      this.ahead = this.named(nearestFirst(this.imageIds.length, index, direction))
    }
    frames.plan(this, { shown: this.imageIds[index], ahead: this.ahead })
    this.window = this.named(nearestFirst(this.imageIds.length, index, direction).slice(0, this.windowSize()))
    this.decodeAhead()
  }

  stop(): void {
    viewports.delete(this)
    frames.plan(this, undefined)
    this.unsubscribe?.()
    this.unsubscribe = undefined
    clearTimeout(this.reporting)
    this.imageIds = []
    this.window = []
  }

  private named(places: readonly number[]): string[] {
    return places.map((at) => this.imageIds[at] ?? '')
  }

  /** How many images fit: measured on one that is decoded. */
  private windowSize(): number {
    const sample = this.imageIds[this.index]
    const bytes = sample === undefined ? 0 : (cache.getImage(sample)?.sizeInBytes ?? 0)
    if (bytes === 0) return 4
    const fitting = Math.floor((cache.getMaxCacheSize() * CACHE_SHARE) / bytes / Math.max(1, viewports.size))
    return Math.max(2, Math.min(MOST_DECODED, fitting))
  }

  private decodeAhead(): void {
    if (this.decoding >= DECODING_AT_ONCE) return
    const near = frames.isQuiet ? this.window : this.window.slice(0, DECODED_MEANWHILE)
    while (this.decoding < DECODING_AT_ONCE) {
      const next = near.find((imageId) => frames.has(imageId) && !cache.isLoaded(imageId) && !cache.getImageLoadObject(imageId))
      if (next === undefined) return
      void this.decode(next)
    }
  }

  private async decode(imageId: string): Promise<void> {
    this.decoding += 1
    // A bad frame is told where it is shown; it must not hold up the others, nor be tried again and again.
    await imageLoader.loadAndCacheImage(imageId).catch(() => (this.window = this.window.filter((one) => one !== imageId)))
    this.decoding -= 1
    this.decodeAhead()
  }

  private readonly onArrival = (): void => {
    this.decodeAhead()
    this.reporting ??= setTimeout(this.report, REPORT_MS)
  }

  private readonly report = (): void => {
    clearTimeout(this.reporting)
    this.reporting = undefined
    const total = Math.min(this.imageIds.length, frames.affordable())
    const loaded = this.imageIds.filter((imageId) => frames.isSettled(imageId)).length
    this.share.set(total === 0 ? 0 : Math.min(1, loaded / total))
  }
}
