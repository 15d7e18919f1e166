/** When the beginning of a picture is worth drawing: while the rest is long in coming, and each time that much more of it is there. */

/** From the first bytes on: sooner nobody can tell how fast a line is. */
const LEAST_MS = 100
/** What is whole sooner is waited for. */
const WORTH_MS = 400
const MORE = 1.8

export class PreviewCourse {
  private first: { readonly at: number; readonly bytes: number } | undefined
  private long = false
  private next = 0

  /** Told of all that came. bytes of `whole` are there, `now` in ms. True once the rest was, as far as could be told, long in coming. */
  isSlow(bytes: number, whole: number, now: number): boolean {
    this.first ??= { at: now, bytes }
    const elapsed = now - this.first.at
    if (elapsed >= LEAST_MS) this.long ||= ((whole - bytes) * elapsed) / Math.max(1, bytes - this.first.bytes) > WORTH_MS
    return this.long
  }

  /** True when so many bytes are to be drawn: never fewer than `least`, and not again before there are 1.8 times as many. */
  isDue(bytes: number, whole: number, least: number): boolean {
    if (bytes < Math.max(least, this.next) || bytes >= whole) return false
    this.next = MORE * bytes
    return true
  }
}
