/**
 * Bytes of one frame to an image that cornerstone can draw.
 * Decoding happens in the browser's workers; what the browser cannot decode is drawn by the server (8 bit) and marked so.
 */
import { cache, getShouldUseCPURendering, type Types } from '@cornerstonejs/core'
import { createImage } from '@cornerstonejs/dicom-image-loader'

import { instanceAddress, keyOf } from '../dicomweb/addresses'
import { effectiveSyntax } from '../dicomweb/code-stream'
import type { Frame } from '../dicomweb/frame'
import { type FetchBytes, words } from '../dicomweb/lut'
import { TAG } from '../dicomweb/tags'
import { greyImage } from './grey'
import { abortFrames, fetchFramesWith, wantFrame } from './frame-bytes'
import { answer, bulkBytes, type Fetch, FrameFailure } from './frame-fetch'
import { nativeFromHtj2k } from './htj2k'
import { frameKnown } from './known-frames'
import { fetchPalette } from './palette'
import { pictureImage } from './picture'

export { type FailureReason, type Fetch, FrameFailure } from './frame-fetch'

const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'
const JPEG_BASELINE = '1.2.840.10008.1.2.4.50'
const drawnByServer = new Set<string>()

export function isDrawnByServer(imageId: string): boolean {
  return drawnByServer.has(imageId)
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

/** One image may be larger than all that is kept otherwise: then the cache grows with it. */
function makeRoomFor(frame: Frame): void {
  const bytes = 4 * frame.rows * frame.columns * frame.samplesPerPixel
  if (cache.getMaxCacheSize() < 3 * bytes) cache.setMaxCacheSize(3 * bytes)
}

async function decode(imageId: string, decoded: Decoded, options: Record<string, unknown>, fetchBytes: FetchBytes): Promise<Types.IImage> {
  const { frame, bytes } = decoded
  const nativeLength = (frame.rows * frame.columns * frame.samplesPerPixel * frame.bitsAllocated) / 8
  const syntax = effectiveSyntax(decoded.syntax, bytes, nativeLength)
  if (syntax === EXPLICIT_LITTLE_ENDIAN && bytes.length < nativeLength) throw new FrameFailure('undecodable')
  makeRoomFor(frame)
  await fetchPalette(frame, fetchBytes)
  // Drawing without graphics looks each value up in a table, which fractions cannot: there the slope is applied when drawing.
  const preScale = { enabled: !getShouldUseCPURendering() || (frame.slope === 1 && Number.isInteger(frame.intercept)) }
  const native = await nativeFromHtj2k(bytes, syntax, frame)
  const [pixels, form] = native ? [native, EXPLICIT_LITTLE_ENDIAN] : [cleaned(bytes, frame, syntax), syntax]
  const image = (await createImage(imageId, pixels, form, { ...options, preScale })) as Types.IImage
  if (!Number.isFinite(image.minPixelValue) || !Number.isFinite(image.maxPixelValue)) throw new FrameFailure('undecodable')
  return greyImage(image, frame, fetchBytes)
}

async function load(imageId: string, options: Record<string, unknown>, fetcher: Fetch, signal: AbortSignal): Promise<Types.IImage> {
  const fetchBytes: FetchBytes = (address) => bulkBytes(fetcher, address, signal)
  const [{ bytes, syntax }, frame] = await Promise.all([wantFrame(imageId), frameKnown(imageId, signal)])
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
  abortFrames()
  for (const controller of inFlight) controller.abort()
  inFlight.clear()
}

export function frameLoader(fetcher: Fetch) {
  fetchFramesWith(fetcher)
  return (imageId: string, options: Record<string, unknown> = {}) => {
    const controller = new AbortController()
    inFlight.add(controller)
    const promise = load(imageId, options, fetcher, controller.signal).finally(() => inFlight.delete(controller))
    return { promise, cancelFn: () => controller.abort() }
  }
}
