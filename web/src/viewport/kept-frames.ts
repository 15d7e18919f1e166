/** Compressed frames in memory, no more than so many bytes: what was used longest ago and nobody plans to show goes first. */
import type { FrameBytes } from './frame-fetch'

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
