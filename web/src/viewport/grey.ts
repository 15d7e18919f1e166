/** The steps of the grey-scale pipeline that cornerstone leaves out: tables instead of lines, and a window where the file names none. */
import { type Types, utilities } from '@cornerstonejs/core'

import type { Frame } from '../dicomweb/frame'
import { applyTable, type FetchBytes, readTable } from '../dicomweb/lut'

/** In XA and XRF images the modality table leads back to beam intensity and is not part of display (PS3.4 N.2.1.2). */
const BEAM_INTENSITY: ReadonlySet<string> = new Set(['1.2.840.10008.5.1.4.1.1.12.1', '1.2.840.10008.5.1.4.1.1.12.2'])

function withValues(image: Types.IImage, values: Uint16Array): Types.IImage {
  let smallest = values[0] ?? 0
  let largest = smallest
  for (const value of values) {
    if (value < smallest) smallest = value
    else if (value > largest) largest = value
  }
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    scalarData: values,
    width: image.columns,
    height: image.rows,
    numberOfComponents: 1,
  }) as NonNullable<Types.IImage['voxelManager']>
  return {
    ...image,
    voxelManager,
    dataType: 'Uint16Array',
    getPixelData: () => values,
    sizeInBytes: values.byteLength,
    minPixelValue: smallest,
    maxPixelValue: largest,
  }
}

/**
 * Applies a Modality LUT Sequence, and a VOI LUT Sequence where no window is given (PS3.3 C.11.1, C.11.2).
 * After a VOI LUT the window spans the whole range of the table.
 */
export async function throughTables(image: Types.IImage, frame: Frame, fetchBytes: FetchBytes): Promise<Types.IImage> {
  if (image.color) return image
  let result = image
  const signed = frame.pixelRepresentation === 1
  const modality = frame.modalityLut && !BEAM_INTENSITY.has(frame.sopClassUid) && (await readTable(frame.modalityLut, signed, fetchBytes))
  if (modality) result = withValues(result, applyTable(result.getPixelData(), modality))
  const voi = frame.windows.length === 0 && frame.voiLut ? await readTable(frame.voiLut, signed, fetchBytes) : undefined
  if (!voi) return result
  const width = 2 ** voi.bits
  return { ...withValues(result, applyTable(result.getPixelData(), voi)), windowCenter: width / 2, windowWidth: width }
}

/** Where the file names no window, all values that occur become visible. */
export function windowWhereNone(image: Types.IImage, frame: Frame): Types.IImage {
  if (image.color || frame.windows.length > 0 || typeof image.windowWidth === 'number') return image
  const { minPixelValue, maxPixelValue } = image
  image.windowCenter = (minPixelValue + maxPixelValue + 1) / 2
  image.windowWidth = Math.max(1, maxPixelValue - minPixelValue + 1)
  return image
}
