/** Look-up tables of the modality and VOI LUT modules (PS3.3 C.11.1, C.11.2). */
import { type DataSet, type JsonElement, inlineBytes, numbers } from './json'
import { TAG } from './tags'

export interface LookUpTable {
  /** The first stored value that the table maps; smaller ones map to its first entry. */
  readonly first: number
  readonly bits: number
  readonly entries: Uint16Array
}

export type FetchBytes = (address: string) => Promise<Uint8Array>

/** The bytes of a binary element, wherever it keeps them. */
export async function bytesOf(element: JsonElement | undefined, fetchBytes: FetchBytes): Promise<Uint8Array | undefined> {
  if (element?.BulkDataURI !== undefined) return fetchBytes(element.BulkDataURI)
  return inlineBytes(element)
}

/** Bytes as 16-bit little-endian words, copied so that alignment does not matter. */
export function words(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Uint16Array.from({ length: bytes.byteLength >> 1 }, (_, index) => view.getUint16(index * 2, true))
}

/** The 8-bit entries of a table may be packed two to a word or one to a word (C.11.1.1.1 allows both in the field). */
function entriesOf(bytes: Uint8Array, count: number, bits: number): Uint16Array {
  if (bits > 8) return words(bytes)
  return bytes.byteLength < count * 2 ? Uint16Array.from(bytes) : fromWholeWords(words(bytes))
}

/** 8-bit entries that a device wrote into both bytes of a word, or into the upper one, put right. */
function fromWholeWords(entries: Uint16Array): Uint16Array {
  const high = entries.some((entry) => entry > 0xff)
  const doubled = entries.every((entry) => entry >> 8 === (entry & 0xff))
  return high && (doubled || entries.every((entry) => (entry & 0xff) === 0)) ? entries.map((entry) => entry >> 8) : entries
}

/**
 * A table of one item of a Modality or VOI LUT Sequence; undefined where it has no descriptor or no data.
 * signed: whether the values that go in may be negative, so that a first value written as unsigned is read as what it means.
 */
export async function readTable(sequenceItem: DataSet, signed: boolean, fetchBytes: FetchBytes): Promise<LookUpTable | undefined> {
  const [written, first, bits] = numbers(sequenceItem, TAG.LUTDescriptor)
  if (written === undefined || first === undefined || bits === undefined) return undefined
  // Read as signed, large tables have a negative length.
  const count = written & 0xffff || 65536
  const listed = numbers(sequenceItem, TAG.LUTData)
  const bytes = listed.length > 0 ? undefined : await bytesOf(sequenceItem[TAG.LUTData], fetchBytes)
  const entries = (bytes ? entriesOf(bytes, count, bits) : Uint16Array.from(listed)).subarray(0, count)
  if (entries.length === 0) return undefined
  return { first: signed && first > 32767 ? first - 65536 : first, bits, entries }
}

/** Maps every value through the table; values outside take its first or last entry. */
export function applyTable(values: ArrayLike<number>, table: LookUpTable): Uint16Array {
  const last = table.entries.length - 1
  return Uint16Array.from({ length: values.length }, (_, index) => {
    const at = Math.min(last, Math.max(0, Math.round(values[index] ?? 0) - table.first))
    return table.entries[at] ?? 0
  })
}
