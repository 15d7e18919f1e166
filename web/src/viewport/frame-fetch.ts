/** Asking the server for the bytes of frames, and the words for why one could not be had. */
import { FRAME_ACCEPT, frameAddress, keyOf } from '../dicomweb/addresses'
import { begunPart, firstPart, transferSyntaxOf } from '../dicomweb/multipart'

export type Fetch = (request: Request) => Promise<Response>

export type FailureReason = 'undecodable' | 'unavailable' | 'no-pixels' | 'lost'

/** Why one frame is not on screen. */
export class FrameFailure extends Error {
  readonly reason: FailureReason

  constructor(reason: FailureReason, cause?: unknown) {
    super(`frame ${reason}`, { cause })
    this.name = 'FrameFailure'
    this.reason = reason
  }
}

/** One frame as it lies: what is kept in memory is this, not its pixels. */
export interface FrameBytes {
  readonly bytes: Uint8Array
  /** Transfer syntax UID of the bytes. */
  readonly syntax: string
}

const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'

/** An answer with a body to read. Rejects with FrameFailure: lost when there is no server, else what it says. */
export async function answer(fetcher: Fetch, address: string, accept: string, signal: AbortSignal): Promise<Response> {
  let response: Response
  try {
    response = await fetcher(new Request(address, { headers: { Accept: accept }, signal }))
  } catch (error) {
    throw new FrameFailure('lost', error)
  }
  if (response.status === 502 || response.status === 503 || response.status === 504) throw new FrameFailure('lost')
  if (!response.ok) throw new FrameFailure(await refusalOf(response))
  return response
}

/** Why the server says no: its body has a stable word (docs/conformance/dicom.md). */
async function refusalOf(response: Response): Promise<FailureReason> {
  const body: unknown = await response.json().catch(() => undefined)
  const said = (body as { readonly error?: { readonly reason?: unknown } } | undefined)?.error?.reason
  return said === 'no-pixels' ? 'no-pixels' : 'unavailable'
}

export function frameBytesOf(contentType: string, body: Uint8Array): FrameBytes {
  const part = firstPart(contentType, body)
  return { bytes: part.bytes, syntax: transferSyntaxOf(part.contentType) ?? transferSyntaxOf(contentType) ?? EXPLICIT_LITTLE_ENDIAN }
}

/** Bulk data of a header, which the server names with the host by which it knows itself; we ask where we asked before. */
export async function bulkBytes(fetcher: Fetch, address: string, signal: AbortSignal): Promise<Uint8Array> {
  const { pathname, search } = new URL(address, window.location.href)
  return new Uint8Array(await (await answer(fetcher, pathname + search, 'application/octet-stream', signal)).arrayBuffer())
}

/** Hears what has come of a frame. bytes: from its first on, good only during the call; length: of all of it. */
export type OnBeginning = (contentType: string, bytes: Uint8Array, length: number) => void

/** A frame that is shorter is here soon on any line. */
const LARGE_BYTES = 1 << 18

/** The bytes of one frame over DICOMweb. beginning: asked once for who wants to hear of a large one while it comes. Rejects with FrameFailure. */
export async function fetchFrame(fetcher: Fetch, imageId: string, signal: AbortSignal, beginning?: () => OnBeginning | undefined): Promise<FrameBytes> {
  const response = await answer(fetcher, frameAddress(keyOf(imageId)), FRAME_ACCEPT, signal)
  const contentType = response.headers.get('Content-Type') ?? 'application/octet-stream'
  const length = response.headers.has('Content-Encoding') ? 0 : Number(response.headers.get('Content-Length'))
  const onBeginning = length > LARGE_BYTES ? beginning?.() : undefined
  const coming = onBeginning && response.body ? read(response.body, contentType, length, onBeginning) : response.arrayBuffer()
  const body = await coming.catch((error: unknown) => {
    throw new FrameFailure('lost', error)
  })
  return frameBytesOf(contentType, new Uint8Array(body))
}

async function read(body: ReadableStream<Uint8Array>, contentType: string, length: number, onBeginning: OnBeginning): Promise<ArrayBuffer> {
  const all = new Uint8Array(length)
  const reader = body.getReader()
  let at = 0
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    all.set(chunk.value, at)
    at += chunk.value.length
    const begun = begunPart(contentType, all.subarray(0, at))
    if (begun) onBeginning(begun.contentType, begun.bytes, length - (at - begun.bytes.length))
  }
  if (at < length) throw new Error('answer torn')
  return all.buffer
}
