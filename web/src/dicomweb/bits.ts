/** Frames of one bit per pixel (PS3.5 8.1.1): the first pixel in the lowest bit of the first byte. */

/** One byte 0 or 1 per pixel. Pixels beyond the end of the bytes are 0. */
export function unpackedBits(bytes: Uint8Array, count: number): Uint8Array {
  const pixels = new Uint8Array(count)
  for (let at = 0; at < count; at += 1) pixels[at] = ((bytes[at >> 3] ?? 0) >> (at & 7)) & 1
  return pixels
}
