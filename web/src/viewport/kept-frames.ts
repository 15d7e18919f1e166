/** Compressed frames in memory, no more than so many bytes: what was used longest ago and nobody plans to show goes first. */
import type { FrameBytes } from './frame-fetch'

/** About 1,100 slices of CT as our packs hold them. */
const MOST_MIB = 256
/** A sixteenth of what the device has: below 4 GiB less is kept. */
const MIB_PER_GIB = 1024 / 16

/** deviceGib: its memory where the browser tells it (W3C Device Memory). */
export function mostKeptBytes(deviceGib: number | undefined): number {
  return Math.min(MOST_MIB, MIB_PER_GIB * (deviceGib ?? Number.POSITIVE_INFINITY)) * 1024 ** 2
}

export class KeptFrames {
  private readonly frames = new Map<string, FrameBytes>()
  private total = 0

  /** isPlanned: whether somebody is going to need a frame. */
  constructor(
    readonly mostBytes: number,
    private readonly isPlanned: (imageId: string) => boolean,
  ) {}

  get bytes(): number {
    return this.total
  }

  /** Average size, 0 when nothing is kept. */
  get typicalBytes(): number {
    return this.frames.size === 0 ? 0 : this.total / this.frames.size
  }

  has(imageId: string): boolean {
    return this.frames.has(imageId)
  }

  get(imageId: string): FrameBytes | undefined {
    const found = this.frames.get(imageId)
    if (found) {
      this.frames.delete(imageId)
      this.frames.set(imageId, found)
    }
    return found
  }

  put(imageId: string, frame: FrameBytes): void {
    this.remove(imageId)
    this.frames.set(imageId, frame)
    this.total += frame.bytes.byteLength
    while (this.total > this.mostBytes && this.frames.size > 1) this.remove(this.leastNeeded(imageId))
  }

  remove(imageId: string): void {
    this.total -= this.frames.get(imageId)?.bytes.byteLength ?? 0
    this.frames.delete(imageId)
  }

  private leastNeeded(besides: string): string {
    let oldest = ''
    for (const imageId of this.frames.keys()) {
      if (imageId === besides) continue
      if (!this.isPlanned(imageId)) return imageId
      oldest ||= imageId
    }
    return oldest
  }
}
