/** What the grey-scale pipeline needs of an image beside its pixels: tables, scale, padding (PS3.3 C.11.1, C.11.2, C.7.5.1.1.2). */
import { cache, getShouldUseCPURendering, type Types, utilities } from '@cornerstonejs/core'

import type { Frame } from '../dicomweb/frame'
import { applyTable, type FetchBytes, type LookUpTable, readTable } from '../dicomweb/lut'
import { type PixelScale, type Range, wholeRange, windowOf } from '../dicomweb/voi'

export interface GreyFacts {
  /** The frame's VOI tables, in the order of the object. */
  readonly tables: readonly LookUpTable[]
  readonly scale: PixelScale
  /** Lowest and highest modality value to show where the object names no window. */
  readonly whole: Range
}

type GreyImage = Types.IImage & { grey?: GreyFacts }

/** Undefined for colour, and for what the server drew. */
export function greyFactsOf(image: Types.IImage | undefined): GreyFacts | undefined {
  return (image as GreyImage | undefined)?.grey
}

export interface ModalityPixels {
  /** Row by row; modality value = slope * pixel + intercept; pixels within `padding` are no image. */
  readonly pixels: ArrayLike<number>
  readonly rows: number
  readonly columns: number
  readonly scale: PixelScale
}

/** The values of a loaded grey image, to measure on; undefined while it is not in memory, for colour, and where the server drew it. */
export function modalityPixels(imageId: string): ModalityPixels | undefined {
  const image = cache.getImage(imageId)
  const facts = greyFactsOf(image)
  return image && facts && { pixels: pixelsOf(image), rows: image.rows, columns: image.columns, scale: facts.scale }
}

export function pixelsOf(image: Types.IImage): ArrayLike<number> {
  return image.voxelManager?.getScalarData() ?? image.getPixelData()
}

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

/** A decoded image with its modality table applied and its grey facts beside it. Colour comes back as it is. */
export async function greyImage(decoded: Types.IImage, frame: Frame, fetchBytes: FetchBytes): Promise<Types.IImage> {
  if (decoded.color) return decoded
  const signed = frame.pixelRepresentation === 1
  const modality = frame.modalityLut && (await readTable(frame.modalityLut, signed, fetchBytes))
  const image: GreyImage = modality ? withValues(decoded, applyTable(decoded.getPixelData(), modality)) : decoded
  const negativeValues = modality === undefined && (signed || frame.intercept < 0)
  const tables = await Promise.all(frame.voiLuts.map((item) => readTable(item, negativeValues, fetchBytes)))
  const scale = darkened(image, frame, scaleOf(image, frame, modality !== undefined))
  const named = frame.windows.length > 0 || tables.some(Boolean)
  const whole = named ? endsOf(image, scale) : wholeRange(pixelsOf(image), frame, scale)
  image.grey = { tables: tables.filter((table) => table !== undefined), scale, whole }
  // cornerstone gets a straight line for a start; what is shown is laid on by Greys.
  const line = frame.windows[0] ?? windowOf(whole)
  image.windowCenter = line.centre
  image.windowWidth = Math.max(1, line.width)
  image.invert = frame.negative
  image.voiLUTFunction = 'LINEAR' as Types.IImage['voiLUTFunction']
  return image
}

function scaleOf(image: Types.IImage, frame: Frame, throughTable: boolean): PixelScale {
  const scaled = image.preScale?.scaled === true
  const [slope, intercept] = scaled || throughTable ? [1, 0] : [frame.slope, frame.intercept]
  const step = scaled ? Math.abs(frame.slope) : 1
  if (!frame.padding) return { slope, intercept, step, padding: undefined }
  const [low, high] = frame.padding.map((stored) => (scaled ? stored * frame.slope + frame.intercept : stored)) as [number, number]
  // Scaled pixels may be rounded to 32-bit floats: a quarter of a step either way finds them.
  return { slope, intercept, step, padding: [Math.min(low, high) - step / 4, Math.max(low, high) + step / 4] }
}

/** The darkest value that the pixels of an image can hold: the lowest, or the highest where low values are bright. */
function darkestOf(pixels: ArrayLike<number>, image: Types.IImage, negative: boolean): number {
  const span = image.maxPixelValue - image.minPixelValue + 1
  if (pixels instanceof Uint8Array) return negative ? 255 : 0
  if (pixels instanceof Uint16Array) return negative ? 65535 : 0
  if (pixels instanceof Int16Array) return negative ? 32767 : -32768
  return negative ? image.maxPixelValue + 16 * span : image.minPixelValue - 16 * span
}

/**
 * With graphics a function of values is drawn, too coarse to leave out a single one: pixels that are no image get the darkest value
 * that there is, in the polarity of the file. Without graphics the table of greys leaves them black in both.
 */
function darkened(image: Types.IImage, frame: Frame, scale: PixelScale): PixelScale {
  const pixels = pixelsOf(image) as Types.PixelDataTypedArray
  if (!scale.padding || getShouldUseCPURendering()) return scale
  const [low, high] = scale.padding
  const darkest = darkestOf(pixels, image, frame.negative)
  for (let at = 0; at < pixels.length; at += 1) {
    const pixel = pixels[at] ?? 0
    if (pixel >= low && pixel <= high) pixels[at] = darkest
  }
  return { ...scale, padding: [darkest - scale.step / 4, darkest + scale.step / 4] }
}

function endsOf(image: Types.IImage, { slope, intercept }: PixelScale): Range {
  const ends = [image.minPixelValue * slope + intercept, image.maxPixelValue * slope + intercept] as const
  return { lower: Math.min(...ends), upper: Math.max(...ends) }
}
