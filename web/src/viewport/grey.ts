/** The steps of the grey-scale pipeline that cornerstone leaves out: tables instead of lines, and a window where the file names none. */
import { getShouldUseCPURendering, type Types, utilities } from '@cornerstonejs/core'

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
  const sigmoid = getShouldUseCPURendering() ? sigmoidOf(frame) : undefined
  if (sigmoid) return { ...withValues(result, sigmoid(result)), windowCenter: 32768, windowWidth: 65536 }
  const voi = frame.windows.length === 0 && frame.voiLut ? await readTable(frame.voiLut, signed, fetchBytes) : undefined
  if (!voi) return result
  const width = 2 ** voi.bits
  return { ...withValues(result, applyTable(result.getPixelData(), voi)), windowCenter: width / 2, windowWidth: width }
}

/** VOI LUT function SIGMOID (C.11.2.1.3.1) to 16 bits, for drawing without graphics, which knows straight lines only. */
function sigmoidOf(frame: Frame): ((image: Types.IImage) => Uint16Array) | undefined {
  const [window] = frame.windows
  if (!window || frame.voiFunction !== 'SIGMOID') return undefined
  return (image) => {
    const [slope, intercept] = image.preScale?.scaled ? [1, 0] : [image.slope, image.intercept]
    const values = image.getPixelData()
    return Uint16Array.from({ length: values.length }, (_, index) => {
      const value = (values[index] ?? 0) * slope + intercept
      return Math.round(65535 / (1 + Math.exp((-4 * (value - window.centre)) / window.width)))
    })
  }
}

/** Where the file names no window, all values that occur become visible. */
export function windowWhereNone(image: Types.IImage, frame: Frame): Types.IImage {
  if (image.color || frame.windows.length > 0 || typeof image.windowWidth === 'number') return image
  const [slope, intercept] = image.preScale?.scaled ? [1, 0] : [image.slope, image.intercept]
  const ends = [image.minPixelValue * slope + intercept, image.maxPixelValue * slope + intercept]
  const [lowest, highest] = [Math.min(...ends), Math.max(...ends)]
  image.windowCenter = (lowest + highest + 1) / 2
  image.windowWidth = Math.max(1, highest - lowest + 1)
  return image
}
