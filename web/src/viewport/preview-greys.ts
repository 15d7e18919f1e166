/** Which grey each sample of a frame gets before its picture is whole: the first window or table of the file, as it will be shown. */
import type { Frame } from '../dicomweb/frame'
import { type FetchBytes, readTable } from '../dicomweb/lut'
import { firstVoi, shownGrey, wholeRange } from '../dicomweb/voi'

/** Whether the range of values is known before the values are. */
function knownRange({ slope, intercept, pixelRepresentation, bitsStored }: Frame): boolean {
  return slope === 1 && intercept === 0 && pixelRepresentation === 0 && bitsStored <= 8
}

/**
 * Greys by the samples as they lie in memory, 256 or 65,536 of them; undefined for colour, behind a modality table, and where only
 * the whole picture tells its window. Rejects when a table cannot be had.
 */
export async function previewGreys(frame: Frame, fetchBytes: FetchBytes): Promise<Uint8Array | undefined> {
  const { bitsAllocated, slope, intercept, padding } = frame
  const grey = frame.samplesPerPixel === 1 && frame.photometricInterpretation.startsWith('MONOCHROME')
  if (!grey || frame.modalityLut || (bitsAllocated !== 8 && bitsAllocated !== 16)) return undefined
  const signed = frame.pixelRepresentation === 1
  const read = await Promise.all(frame.voiLuts.map((item) => readTable(item, signed || intercept < 0, fetchBytes)))
  const tables = read.filter((table) => table !== undefined)
  if (tables.length === 0 && frame.windows.length === 0 && !knownRange(frame)) return undefined
  const scale = { slope, intercept, step: 1, padding }
  const greyOf = shownGrey(firstVoi(frame, tables, wholeRange([], frame, scale)), tables, scale, frame.negative)
  const count = 2 ** bitsAllocated
  return Uint8Array.from({ length: count }, (_, sample) => greyOf(signed && sample >= count / 2 ? sample - count : sample))
}
