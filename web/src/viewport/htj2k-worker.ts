/**
 * A thread that decodes HTJ2K with one decoder for all frames, so that its memory does not grow from frame to frame. A thread of its
 * own, of this same script, draws pictures that are still coming.
 */
import openJph, { type HTJ2KDecoder, type OpenJph } from '@cornerstonejs/codec-openjph/wasmjs'
import wasmAddress from '@cornerstonejs/codec-openjph/wasm?url'

import { drawn, type PreviewAsked, type PreviewDrawn } from './preview-drawing'

export interface DecodeAsked {
  readonly id: number
  readonly bytes: Uint8Array
}

/** pixels: samples as little-endian bytes; absent when the code stream could not be decoded. */
export interface Decoded {
  readonly id: number
  readonly pixels?: Uint8Array<ArrayBuffer>
}

let codec: Promise<OpenJph> | undefined
let decoder: Promise<HTJ2KDecoder> | undefined

function ready(): Promise<OpenJph> {
  codec ??= openJph({ locateFile: () => wasmAddress })
  return codec
}

async function decode({ id, bytes }: DecodeAsked): Promise<Decoded> {
  try {
    decoder ??= ready().then((made) => new made.HTJ2KDecoder())
    const one = await decoder
    one.getEncodedBuffer(bytes.length).set(bytes)
    one.decode()
    return { id, pixels: one.getDecodedBuffer().slice() as Uint8Array<ArrayBuffer> }
  } catch {
    // After a code stream that it could not take, nobody knows what it still holds.
    decoder = undefined
    codec = undefined
    return { id }
  }
}

async function preview(asked: PreviewAsked): Promise<PreviewDrawn> {
  const { imageId } = asked
  try {
    return { imageId, preview: drawn(await ready(), asked) }
  } catch {
    return { imageId }
  }
}

async function done(asked: DecodeAsked | PreviewAsked): Promise<void> {
  const answer = 'halvings' in asked ? await preview(asked) : await decode(asked)
  const pixels = 'pixels' in answer ? answer.pixels : 'preview' in answer ? answer.preview?.pixels : undefined
  self.postMessage(answer, { transfer: pixels ? [pixels.buffer] : [] })
}

self.addEventListener('message', ({ data }: MessageEvent<DecodeAsked | PreviewAsked>) => void done(data))
