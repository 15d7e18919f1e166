/** The parts of a multipart answer as they come in, each as soon as it is whole. Every part must say its length. */
import type { Part } from './multipart'

const HEADERS_END = new TextEncoder().encode('\r\n\r\n')

/** Bytes that grow at one end and are taken at the other. */
class Intake {
  private buffer = new Uint8Array(1 << 16)
  private from = 0
  private to = 0

  add(chunk: Uint8Array): void {
    const held = this.to - this.from
    if (this.to + chunk.length > this.buffer.length) {
      const larger = new Uint8Array(Math.max(this.buffer.length, 2 * (held + chunk.length)))
      larger.set(this.buffer.subarray(this.from, this.to))
      this.buffer = larger
      this.from = 0
      this.to = held
    }
    this.buffer.set(chunk, this.to)
    this.to += chunk.length
  }

  /** The head of the next part, taken; undefined while it is not whole. */
  head(): string | undefined {
    for (let at = this.from; at + HEADERS_END.length <= this.to; at += 1) {
      if (HEADERS_END.every((byte, index) => this.buffer[at + index] === byte)) {
        const head = new TextDecoder().decode(this.buffer.subarray(this.from, at))
        this.from = at + HEADERS_END.length
        return head
      }
    }
    return undefined
  }

  /** So many bytes, copied and taken; undefined while they are not there. */
  take(length: number): Uint8Array | undefined {
    if (this.to - this.from < length) return undefined
    const taken = this.buffer.slice(this.from, this.from + length)
    this.from += length
    return taken
  }

  /** What has come of the next bytes, not taken. */
  begun(most: number): Uint8Array {
    return this.buffer.subarray(this.from, Math.min(this.to, this.from + most))
  }
}

interface PartHead {
  readonly contentType: string
  readonly length: number
}

function headOf(text: string): PartHead {
  const length = Number(/^content-length:\s*(\d+)\s*$/im.exec(text)?.[1] ?? NaN)
  if (!Number.isInteger(length)) throw new Error('a part without its length')
  return { contentType: /^content-type:\s*(.*)$/im.exec(text)?.[1]?.trim() ?? 'application/octet-stream', length }
}

export interface PartListener {
  /** A part is whole. number: from 0. */
  onPart(part: Part, number: number): void
  /** Some of a part is there; bytes: all that came of it so far, good only during the call. */
  onSome?(contentType: string, bytes: Uint8Array, length: number, number: number): void
}

/** Reads an answer to its end. Rejects when it is torn in the middle of a part. */
export async function readParts(body: ReadableStream<Uint8Array>, listener: PartListener): Promise<void> {
  const intake = new Intake()
  let head: PartHead | undefined
  let number = 0
  const advance = () => {
    for (;;) {
      const text = head ? undefined : intake.head()
      if (text !== undefined) head = headOf(text)
      const bytes = head && intake.take(head.length)
      if (!head || !bytes) return
      listener.onPart({ contentType: head.contentType, bytes }, number)
      head = undefined
      number += 1
    }
  }
  const reader = body.getReader()
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    intake.add(chunk.value)
    advance()
    if (head) listener.onSome?.(head.contentType, intake.begun(head.length), head.length, number)
  }
  if (head) throw new Error('multipart answer torn in a part')
}
