/** Bytes of an object's frames, native and little endian, asked for when they are needed and kept within a bound. */
import type { DataSet } from '../../dicomweb/json'
import { everyPart } from '../../dicomweb/multipart'
import { OverlayError } from './protocol'

const NATIVE = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'
const KEPT_BYTES = 64 << 20
/** Frames in one request: their numbers stand in its address. */
const AT_ONCE = 64

async function answer(address: string, accept: string): Promise<Response> {
  let response: Response
  try {
    response = await fetch(address, { headers: { Accept: accept } })
  } catch {
    throw new OverlayError('lost')
  }
  if (response.status === 502 || response.status === 503 || response.status === 504) throw new OverlayError('lost')
  if (!response.ok) throw new OverlayError('unavailable')
  return response
}

/** What a query or a retrieval of metadata answers. */
export async function datasetsAt(address: string): Promise<DataSet[]> {
  const response = await answer(address, 'application/dicom+json')
  return (await response.json().catch(() => [])) as DataSet[]
}

export async function metadataAt(address: string): Promise<DataSet> {
  const [dataSet] = await datasetsAt(`${address}/metadata`)
  if (!dataSet) throw new OverlayError('unreadable')
  return dataSet
}

export class Frames {
  private readonly kept = new Map<number, Uint8Array>()
  private bytes = 0

  constructor(private readonly address: string) {}

  /** The frames of these numbers (from 1), in their order. */
  async get(numbers: readonly number[]): Promise<Uint8Array[]> {
    const missing = numbers.filter((number) => !this.kept.has(number))
    const found = new Map<number, Uint8Array>()
    for (let from = 0; from < missing.length; from += AT_ONCE) {
      const asked = missing.slice(from, from + AT_ONCE)
      const response = await answer(`${this.address}/frames/${asked.join(',')}`, NATIVE)
      const body = new Uint8Array(await response.arrayBuffer())
      const parts = everyPart(response.headers.get('Content-Type') ?? '', body)
      if (parts.length !== asked.length) throw new OverlayError('unreadable')
      for (const [index, number] of asked.entries()) found.set(number, (parts[index] as { bytes: Uint8Array }).bytes)
    }
    const wanted = numbers.map((number) => found.get(number) ?? this.kept.get(number) ?? new Uint8Array())
    for (const [number, bytes] of found) this.keep(number, bytes)
    return wanted
  }

  private keep(number: number, part: Uint8Array): void {
    // A copy, so that a kept frame does not hold the whole answer.
    const bytes = part.slice()
    this.kept.set(number, bytes)
    this.bytes += bytes.byteLength
    for (const [oldest, gone] of this.kept) {
      if (this.bytes <= KEPT_BYTES || oldest === number) break
      this.kept.delete(oldest)
      this.bytes -= gone.byteLength
    }
  }
}
