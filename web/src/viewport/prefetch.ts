/** Fetching the rest of a stack in the background: nearest first, a few at a time, no more than the cache can hold. */
import { cache, imageLoader } from '@cornerstonejs/core'

import { createStore, type Store } from '../kit/store'
import { nearestFirst } from './nearest-first'

const AT_ONCE = 4
/** Share of the cache that one stack may fill before prefetching stays near the image shown. */
const CACHE_SHARE = 0.6

export class Prefetch {
  /** Share of the stack that is in memory, 0 to 1. */
  readonly share: Store<number> = createStore(0)
  private imageIds: readonly string[] = []
  private queue: string[] = []
  private running = 0
  private readonly done = new Set<string>()
  private stopped = false

  start(imageIds: readonly string[], index: number): void {
    this.imageIds = imageIds
    this.aim(index)
  }

  /** Continues from another place of the stack. */
  aim(index: number): void {
    const order = nearestFirst(this.imageIds.length, index).map((at) => this.imageIds[at] ?? '')
    this.queue = order.slice(0, this.affordable()).filter((imageId) => !cache.isLoaded(imageId))
    this.report()
    for (let free = AT_ONCE - this.running; free > 0; free -= 1) void this.next()
  }

  stop(): void {
    this.stopped = true
    this.queue = []
  }

  private affordable(): number {
    const sample = this.imageIds.find((imageId) => cache.isLoaded(imageId))
    const bytes = sample === undefined ? 0 : (cache.getImage(sample)?.sizeInBytes ?? 0)
    return bytes > 0 ? Math.max(8, Math.floor((cache.getMaxCacheSize() * CACHE_SHARE) / bytes)) : this.imageIds.length
  }

  private async next(): Promise<void> {
    const imageId = this.stopped ? undefined : this.queue.shift()
    if (imageId === undefined) return
    this.running += 1
    try {
      await imageLoader.loadAndCacheImage(imageId)
    } catch {
      // A bad frame is told where it is shown; it must not hold up the others.
    }
    this.running -= 1
    this.done.add(imageId)
    this.report()
    void this.next()
  }

  private report(): void {
    const total = Math.min(this.imageIds.length, this.affordable())
    const loaded = this.imageIds.filter((imageId) => this.done.has(imageId) || cache.isLoaded(imageId)).length
    this.share.set(total === 0 ? 0 : Math.min(1, loaded / total))
  }
}
