/** Drawing the beginning of an HTJ2K code stream at a lower resolution; done in a thread (htj2k-worker.ts). */
import type { OpenJph } from '@cornerstonejs/codec-openjph/wasmjs'

export interface PreviewAsked {
  readonly imageId: string
  readonly bytes: Uint8Array
  readonly halvings: number
  /** Grey of every sample as it lies in memory: 256 of them for one byte, 65,536 for two. */
  readonly greys: Uint8Array
}

/** RGBA, row by row. */
export interface Preview {
  readonly columns: number
  readonly rows: number
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
}

/** preview: absent when the beginning could not be drawn. */
export interface PreviewDrawn {
  readonly imageId: string
  readonly preview?: Preview
}

/** Throws where the codec finds no picture in the bytes, or samples of another depth than there are greys for. */
export function drawn(codec: OpenJph, { bytes, halvings, greys }: PreviewAsked): Preview {
  // One for each: nobody knows what a decoder still holds after a stream that ended early.
  const decoder = new codec.HTJ2KDecoder()
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes)
    decoder.decodeSubResolution(halvings)
    const { width, height } = decoder.calculateSizeAtDecompositionLevel(halvings)
    const decoded = decoder.getDecodedBuffer().slice()
    const samples = greys.length > 256 ? new Uint16Array(decoded.buffer as ArrayBuffer) : decoded
    // The codec says nothing of a head that it cannot read; it then has no picture.
    if (samples.length === 0 || samples.length !== width * height) throw new Error('no picture, or of another size than its head says')
    const pixels = new Uint8ClampedArray(4 * samples.length)
    for (let at = 0, to = 0; at < samples.length; at += 1, to += 4) {
      const grey = greys[samples[at] ?? 0] ?? 0
      pixels[to] = grey
      pixels[to + 1] = grey
      pixels[to + 2] = grey
      pixels[to + 3] = 255
    }
    return { columns: width, rows: height, pixels }
  } finally {
    decoder.delete()
  }
}
