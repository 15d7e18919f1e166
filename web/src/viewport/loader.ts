/**
 * Bytes of one frame to an image that cornerstone can draw.
 * Decoding happens in the browser's workers; what the browser cannot decode is drawn by the server (8 bit) and marked so.
 */
import { getShouldUseCPURendering, type Types } from '@cornerstonejs/core'
import { createImage } from '@cornerstonejs/dicom-image-loader'

import { FRAME_ACCEPT, frameAddress, instanceAddress, keyOf } from '../dicomweb/addresses'
import { effectiveSyntax } from '../dicomweb/code-stream'
import type { Frame } from '../dicomweb/frame'
import { type FetchBytes, words } from '../dicomweb/lut'
import { firstPart, transferSyntaxOf } from '../dicomweb/multipart'
import { TAG } from '../dicomweb/tags'
import { greyImage } from './grey'
import { frameKnown } from './known-frames'
import { fetchPalette } from './palette'
import { pictureImage } from './picture'

export type Fetch = (request: Request) => Promise<Response>

export type FailureReason = 'undecodable' | 'unavailable' | 'lost'

/** Why one frame is not on screen. */
export class FrameFailure extends Error {
  readonly reason: FailureReason

  constructor(reason: FailureReason, cause?: unknown) {
    super(`frame ${reason}`, { cause })
    this.name = 'FrameFailure'
    this.reason = reason
  }
}

const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
const JPEG_BASELINE = '1.2.840.10008.1.2.4.50'
const drawnByServer = new Set<string>()

export function isDrawnByServer(imageId: string): boolean {
  return drawnByServer.has(imageId)
}

async function answer(fetcher: Fetch, address: string, accept: string, signal: AbortSignal): Promise<Response> {
  let response: Response
  try {
    response = await fetcher(new Request(address, { headers: { Accept: accept }, signal }))
  } catch (error) {
    throw new FrameFailure('lost', error)
  }
  if (response.status === 502 || response.status === 503 || response.status === 504) throw new FrameFailure('lost')
  if (!response.ok) throw new FrameFailure('unavailable')
  return response
}

/** Bulk data is named with the host by which the server knows itself; we ask where we asked before. */
function pathOf(address: string): string {
  const { pathname, search } = new URL(address, window.location.href)
  return pathname + search
}

async function frameBytes(fetcher: Fetch, imageId: string, signal: AbortSignal) {
  const response = await answer(fetcher, frameAddress(keyOf(imageId)), FRAME_ACCEPT, signal)
  const contentType = response.headers.get('Content-Type') ?? 'application/octet-stream'
  const body = await response.arrayBuffer().catch((error: unknown) => {
    throw new FrameFailure('lost', error)
  })
  const part = firstPart(contentType, new Uint8Array(body))
  return { bytes: part.bytes, syntax: transferSyntaxOf(part.contentType) ?? transferSyntaxOf(contentType) ?? EXPLICIT_LITTLE_ENDIAN }
}

/** Whether this build can turn the frame into right pixels by itself. */
function browserCanDraw(frame: Frame, syntax: string): boolean {
  const bits = frame.bitsAllocated
  if (frame.dataSet[TAG.SegmentedRedPaletteData]) return false
  // Which pixels are no image cannot be told any more behind a table.
  if (frame.modalityLut && frame.padding) return false
  // A browser takes three components for YCbCr unless the file says otherwise; that these are RGB is said in the header only.
  if (syntax === JPEG_BASELINE && frame.photometricInterpretation === 'RGB') return false
  return bits === 8 || bits === 16
}

/** Bits beside those stored may hold old overlays; a native frame is cleaned of them, and its sign goes up to the top (PS3.5 8.1.1). */
function cleaned(bytes: Uint8Array, frame: Frame, syntax: string): Uint8Array {
  const needed = frame.bitsAllocated === 16 && frame.bitsStored < 16 && frame.samplesPerPixel === 1
  if (!needed || syntax !== EXPLICIT_LITTLE_ENDIAN) return bytes
  const above = 15 - frame.highBit
  const below = 16 - frame.bitsStored
  const values = words(bytes)
  const unsigned = frame.pixelRepresentation === 0
  const clean = values.map((value) => (unsigned ? ((value << above) & 0xffff) >>> below : (value << (above + 16)) >> (below + 16)))
  return values.every((value, at) => value === clean[at]) ? bytes : new Uint8Array(clean.buffer)
}

interface Decoded {
  readonly frame: Frame
  readonly bytes: Uint8Array
  readonly syntax: string
}

async function decode(imageId: string, decoded: Decoded, options: Record<string, unknown>, fetchBytes: FetchBytes): Promise<Types.IImage> {
  const { frame, bytes } = decoded
  const nativeLength = (frame.rows * frame.columns * frame.samplesPerPixel * frame.bitsAllocated) / 8
  const syntax = effectiveSyntax(decoded.syntax, bytes, nativeLength)
  if (syntax === EXPLICIT_LITTLE_ENDIAN && bytes.length < nativeLength) throw new FrameFailure('undecodable')
  await fetchPalette(frame, fetchBytes)
  // Drawing without graphics looks each value up in a table, which fractions cannot: there the slope is applied when drawing.
  const preScale = { enabled: !getShouldUseCPURendering() || (frame.slope === 1 && Number.isInteger(frame.intercept)) }
  const image = (await createImage(imageId, cleaned(bytes, frame, syntax), syntax, { ...options, preScale })) as Types.IImage
  if (!Number.isFinite(image.minPixelValue) || !Number.isFinite(image.maxPixelValue)) throw new FrameFailure('undecodable')
  return greyImage(image, frame, fetchBytes)
}

async function load(imageId: string, options: Record<string, unknown>, fetcher: Fetch, signal: AbortSignal): Promise<Types.IImage> {
  const fetchBytes: FetchBytes = async (address) =>
    new Uint8Array(await (await answer(fetcher, pathOf(address), 'application/octet-stream', signal)).arrayBuffer())
  const [{ bytes, syntax }, frame] = await Promise.all([frameBytes(fetcher, imageId, signal), frameKnown(imageId, signal)])
  try {
    if (!browserCanDraw(frame, syntax)) throw new FrameFailure('undecodable')
    return await decode(imageId, { frame, bytes, syntax }, options, fetchBytes)
  } catch (error) {
    if (signal.aborted || (error instanceof FrameFailure && error.reason === 'lost')) throw error
    const address = `${instanceAddress(keyOf(imageId))}/frames/${frame.frameNumber}/rendered`
    const response = await answer(fetcher, address, 'image/png', signal).catch(() => {
      throw new FrameFailure('undecodable', error)
    })
    const image = await pictureImage(imageId, await response.blob(), frame)
    drawnByServer.add(imageId)
    return image
  }
}

const inFlight = new Set<AbortController>()

/** Stops what is being fetched: called when the viewer is left. */
export function abortLoading(): void {
  for (const controller of inFlight) controller.abort()
  inFlight.clear()
}

export function frameLoader(fetcher: Fetch) {
  return (imageId: string, options: Record<string, unknown> = {}) => {
    const controller = new AbortController()
    inFlight.add(controller)
    const promise = load(imageId, options, fetcher, controller.signal).finally(() => inFlight.delete(controller))
    return { promise, cancelFn: () => controller.abort() }
  }
}
