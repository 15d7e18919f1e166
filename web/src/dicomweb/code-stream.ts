/** What a compressed frame is by its own first bytes; devices label wrongly, and then the bytes are right. */

const JPEG_LOSSLESS_SV1 = '1.2.840.10008.1.2.4.70'
const JPEG_BASELINE = '1.2.840.10008.1.2.4.50'
const JPEG_EXTENDED = '1.2.840.10008.1.2.4.51'
const JPEG_LS = '1.2.840.10008.1.2.4.80'
const JPEG_2000 = '1.2.840.10008.1.2.4.90'
const HTJ2K = '1.2.840.10008.1.2.4.201'
const JPEG_XL = '1.2.840.10008.1.2.4.110'

/** Syntaxes that one decoder reads: a label from the same family is kept. */
const FAMILIES: readonly (readonly string[])[] = [
  [JPEG_LOSSLESS_SV1, '1.2.840.10008.1.2.4.57'],
  [JPEG_BASELINE],
  [JPEG_EXTENDED, '1.2.840.10008.1.2.4.53', '1.2.840.10008.1.2.4.55'],
  [JPEG_LS, '1.2.840.10008.1.2.4.81'],
  [JPEG_2000, '1.2.840.10008.1.2.4.91', '1.2.840.10008.1.2.4.92', '1.2.840.10008.1.2.4.93'],
  [HTJ2K, '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203'],
  [JPEG_XL, '1.2.840.10008.1.2.4.111', '1.2.840.10008.1.2.4.112'],
]

const SOF_OF_SYNTAX: Readonly<Record<number, string>> = {
  0xc0: JPEG_BASELINE,
  0xc1: JPEG_EXTENDED,
  0xc2: JPEG_EXTENDED,
  0xc3: JPEG_LOSSLESS_SV1,
  0xf7: JPEG_LS,
}

/** Walks JPEG markers to the start of frame, at most a few hundred of them. */
function jpegSyntax(bytes: Uint8Array): string | undefined {
  let at = 2
  for (let markers = 0; markers < 500 && at + 4 <= bytes.length; markers += 1) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at += 1
      continue
    }
    const known = SOF_OF_SYNTAX[marker]
    if (known !== undefined) {
      const precision = bytes[at + 4] ?? 8
      return known === JPEG_BASELINE && precision > 8 ? JPEG_EXTENDED : known
    }
    at += 2 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  }
  return undefined
}

/** JPEG 2000 Part 15 announces itself by a CAP marker right after SIZ. */
function j2kSyntax(bytes: Uint8Array): string {
  const sizLength = ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0)
  const after = 4 + sizLength
  return bytes[after] === 0xff && bytes[after + 1] === 0x50 ? HTJ2K : JPEG_2000
}

function foundSyntax(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes
  if (a === 0xff && b === 0x4f && c === 0xff && d === 0x51) return j2kSyntax(bytes)
  if (a === 0xff && b === 0xd8 && c === 0xff) return jpegSyntax(bytes)
  if (a === 0xff && b === 0x0a) return JPEG_XL
  return undefined
}

/** The syntax to decode by. Native frames are believed; only an encapsulated label can be corrected by what is found. */
export function effectiveSyntax(labelled: string, bytes: Uint8Array, nativeLength: number): string {
  const found = foundSyntax(bytes)
  if (found === undefined || bytes.length >= nativeLength) return labelled
  const family = FAMILIES.find((syntaxes) => syntaxes.includes(found))
  return family?.includes(labelled) ? labelled : found
}
