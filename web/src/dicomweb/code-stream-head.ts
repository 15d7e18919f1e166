/**
 * Whether the beginning of a code stream is the whole picture at a lower resolution, read from its main header (ISO/IEC 15444-1
 * A.5, A.6; -15). So it is where resolutions come one after the other, the lowest first: progression RLCP or RPCL, one tile.
 */

export interface Resolutions {
  readonly columns: number
  readonly rows: number
  /** Of one sample. */
  readonly bits: number
  readonly signed: boolean
  /** How often the picture can be halved. */
  readonly levels: number
  /** Where the packets begin, bytes from the start. */
  readonly headLength: number
}

const SOC = 0xff4f
const SIZ = 0xff51
const CAP = 0xff50
const COD = 0xff52
const POC = 0xff5f
const SOT = 0xff90
const RESOLUTION_FIRST: ReadonlySet<number> = new Set([1, 2])
const SOT_LENGTH = 12
const MOST_MARKERS = 64
/** From this fraction of its sides a picture is recognised. */
const SMALL = 4
/** A sample of a lower resolution may need so many more bits than one of the picture. */
const GUARD_BITS = 2

function sizeOf(view: DataView): Omit<Resolutions, 'levels' | 'headLength'> | undefined {
  if (view.byteLength < 45 || view.getUint16(0) !== SOC || view.getUint16(2) !== SIZ) return undefined
  const [columns, rows] = [view.getUint32(8), view.getUint32(12)]
  const plain = [16, 20, 32, 36].every((offset) => view.getUint32(offset) === 0)
  const oneTile = view.getUint32(24) >= columns && view.getUint32(28) >= rows
  const oneSample = view.getUint16(40) === 1 && view.getUint8(43) === 1 && view.getUint8(44) === 1
  if (!plain || !oneTile || !oneSample || columns === 0 || rows === 0) return undefined
  return { columns, rows, bits: (view.getUint8(42) & 0x7f) + 1, signed: view.getUint8(42) >= 0x80 }
}

/** Undefined where the header is not there yet, is torn, or the stream is not HTJ2K of one grey sample in such an order. */
export function resolutionsOf(bytes: Uint8Array): Resolutions | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = sizeOf(view)
  if (!size) return undefined
  let [levels, highThroughput] = [0, false]
  let at = 2
  for (let markers = 0; markers < MOST_MARKERS && at + 12 <= bytes.length; markers += 1) {
    const marker = view.getUint16(at)
    if (marker === SOT) return highThroughput && levels > 0 ? { ...size, levels, headLength: at + SOT_LENGTH + 2 } : undefined
    if (marker < SOC || marker === POC) return undefined
    if (marker === CAP) highThroughput = true
    if (marker === COD && RESOLUTION_FIRST.has(view.getUint8(at + 5))) levels = view.getUint8(at + 9)
    at += 2 + view.getUint16(at + 2)
  }
  return undefined
}

function samplesAt({ columns, rows }: Resolutions, halvings: number): number {
  return Math.ceil(columns / 2 ** halvings) * Math.ceil(rows / 2 ** halvings)
}

/** How many bytes surely hold the picture at a sixteenth of its sides (or the lowest resolution that there is), for they would not compressed. */
export function leastBytes(head: Resolutions): number {
  return head.headLength + Math.ceil((samplesAt(head, Math.min(SMALL, head.levels)) * (head.bits + GUARD_BITS)) / 8)
}

/** How often the sides are halved so that no more than so many pixels are left; undefined where they cannot be so few. */
export function halvingsFor(head: Resolutions, mostPixels: number): number | undefined {
  for (let halvings = 0; halvings <= head.levels; halvings += 1) if (samplesAt(head, halvings) <= mostPixels) return halvings
  return undefined
}

/** Whether a code stream is there to its end mark (EOC, then at most padding): a decoder draws any beginning of it as if it were the whole. */
export function endsWhole(bytes: Uint8Array): boolean {
  return [2, 3, 4].some((back) => bytes.length >= back && bytes[bytes.length - back] === 0xff && bytes[bytes.length - back + 1] === 0xd9)
}
