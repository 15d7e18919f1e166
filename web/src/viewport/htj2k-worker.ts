/** A thread that decodes HTJ2K with one decoder for all frames, so that its memory does not grow from frame to frame. */
import openJph, { type HTJ2KDecoder } from '@cornerstonejs/codec-openjph/wasmjs'
import wasmAddress from '@cornerstonejs/codec-openjph/wasm?url'

export interface DecodeAsked {
  readonly id: number
  readonly bytes: Uint8Array
}

/** pixels: samples as little-endian bytes; absent when the code stream could not be decoded. */
export interface Decoded {
  readonly id: number
  readonly pixels?: Uint8Array<ArrayBuffer>
}

let decoder: Promise<HTJ2KDecoder> | undefined

function ready(): Promise<HTJ2KDecoder> {
  decoder ??= openJph({ locateFile: () => wasmAddress }).then((codec) => new codec.HTJ2KDecoder())
  return decoder
}

async function decode({ id, bytes }: DecodeAsked): Promise<Decoded> {
  try {
    const one = await ready()
    one.getEncodedBuffer(bytes.length).set(bytes)
    one.decode()
    return { id, pixels: one.getDecodedBuffer().slice() as Uint8Array<ArrayBuffer> }
  } catch {
    // After a code stream that it could not take, nobody knows what it still holds.
    decoder = undefined
    return { id }
  }
}

self.addEventListener('message', ({ data }: MessageEvent<DecodeAsked>) => {
  void decode(data).then((done) => self.postMessage(done, { transfer: done.pixels ? [done.pixels.buffer] : [] }))
})
