/**
 * How many frames are asked for at once. A fast line takes as many as a browser opens connections to one host, less the one that is
 * kept free for the image being waited for; on a slow line few, so that the bytes of that image need not share it with many others.
 */
const FEWEST = 2
const MOST = 5
const LONG_MS = 600
const SHORT_MS = 200
/** So long takes a frame on a line where it pays to break off others for the one that is waited for. */
const SLOW_MS = 350

export class Pace {
  private limit = 4
  private typicalMs = 300

  get atOnce(): number {
    return this.limit
  }

  get slow(): boolean {
    return this.typicalMs > SLOW_MS
  }

  /** A frame took so long from asking to its last byte. */
  report(milliseconds: number): void {
    this.typicalMs += 0.3 * (milliseconds - this.typicalMs)
    if (this.typicalMs > LONG_MS && this.limit > FEWEST) this.change(-1)
    else if (this.typicalMs < SHORT_MS && this.limit < MOST) this.change(1)
  }

  private change(by: number): void {
    // What is on its way at a time takes the longer the more it is.
    this.typicalMs *= (this.limit + by) / this.limit
    this.limit += by
  }
}
