/**
 * Modality values to grey: the VOI LUT (PS3.3 C.11.2) and what stands around it (polarity, padding). The same arithmetic as
 * the server's `pixels/voi_lut.py`; both are held to tests/pixels/grey_reference.json, made with pydicom and DCMTK.
 */
import type { Frame, VoiFunction, WindowSetting } from './frame'
import type { LookUpTable } from './lut'

/** What maps modality values to grey: a window, or one of the frame's own tables (from 0). */
export type Voi =
  | { readonly kind: 'window'; readonly centre: number; readonly width: number; readonly voiFunction: VoiFunction }
  | { readonly kind: 'table'; readonly index: number }

export interface Range {
  readonly lower: number
  readonly upper: number
}

const WHITE = 255
/** exp() beyond this says 0 or 255 in any case. */
const STEEPEST = 700

/** The values that become black and white. LINEAR is off by a half and a one, as the standard defines it. */
export function rangeOf({ centre, width }: WindowSetting, voiFunction: VoiFunction = 'LINEAR'): Range {
  if (voiFunction !== 'LINEAR') return { lower: centre - width / 2, upper: centre + width / 2 }
  const lower = centre - 0.5 - (width - 1) / 2
  return { lower, upper: width > 1 ? lower + width - 1 : lower + 1e-6 }
}

export function windowOf({ lower, upper }: Range, voiFunction: VoiFunction = 'LINEAR'): WindowSetting {
  if (voiFunction !== 'LINEAR') return { centre: (lower + upper) / 2, width: upper - lower }
  return { centre: (lower + upper + 1) / 2, width: upper - lower + 1 }
}

function windowGrey({ centre, width, voiFunction }: Extract<Voi, { kind: 'window' }>): (value: number) => number {
  const within = (grey: number) => Math.min(WHITE, Math.max(0, grey))
  if (voiFunction === 'SIGMOID') {
    return (value) => WHITE / (1 + Math.exp(Math.min(STEEPEST, Math.max(-STEEPEST, (-4 * (value - centre)) / width))))
  }
  if (voiFunction === 'LINEAR_EXACT') return (value) => within(((value - centre) / width + 0.5) * WHITE)
  if (width <= 1) return (value) => (value <= centre - 0.5 ? 0 : WHITE)
  return (value) => within(((value - (centre - 0.5)) / (width - 1) + 0.5) * WHITE)
}

/** A table deeper than its descriptor says is scaled by what it holds. Values outside take its first or last entry. */
function tableGrey(table: LookUpTable): (value: number) => number {
  const top = table.entries.reduce((most, entry) => Math.max(most, entry), 2 ** table.bits - 1)
  const last = table.entries.length - 1
  return (value) => ((table.entries[Math.min(last, Math.max(0, Math.round(value) - table.first))] ?? 0) * WHITE) / top
}

/** Grey 0 (black) … 255 (white), not rounded, of a modality value, before polarity. A table that is not there shows nothing. */
export function greyOf(voi: Voi, tables: readonly LookUpTable[]): (value: number) => number {
  if (voi.kind === 'window') return windowGrey(voi)
  const table = tables[voi.index]
  return table ? tableGrey(table) : () => 0
}

/** The range of modality values in which something happens: what a drag starts from, and what a picture is sampled over. */
export function spanOf(voi: Voi, tables: readonly LookUpTable[]): Range {
  if (voi.kind === 'window') return rangeOf(voi, voi.voiFunction)
  const table = tables[voi.index]
  return table ? { lower: table.first, upper: table.first + Math.max(1, table.entries.length - 1) } : { lower: 0, upper: 1 }
}

/** How pixels as they lie in memory become modality values, and which of them are no image. */
export interface PixelScale {
  readonly slope: number
  readonly intercept: number
  /** Between neighbouring stored values, in the numbers of the pixels in memory. */
  readonly step: number
  /** In the numbers of the pixels in memory. */
  readonly padding: readonly [number, number] | undefined
}

/** The rounded grey of one pixel value on screen; padding is black whatever the polarity. */
export function shownGrey(voi: Voi, tables: readonly LookUpTable[], scale: PixelScale, inverted: boolean): (pixel: number) => number {
  const grey = greyOf(voi, tables)
  const { slope, intercept, padding } = scale
  const [low, high] = padding ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  return (pixel) => {
    if (pixel >= low && pixel <= high) return 0
    const shown = grey(pixel * slope + intercept)
    return Math.round(inverted ? WHITE - shown : shown)
  }
}

/** What a frame is shown with at first: its first table, else its first window, else the whole range that it holds. */
export function firstVoi(frame: Frame, tables: readonly LookUpTable[], whole: Range): Voi {
  if (tables.length > 0) return { kind: 'table', index: 0 }
  const [stored] = frame.windows
  if (stored) return { kind: 'window', centre: stored.centre, width: stored.width, voiFunction: frame.voiFunction }
  return { kind: 'window', ...windowOf(whole), voiFunction: 'LINEAR' }
}

/**
 * The lowest and highest value to show where the object names no window: all of a small unsigned depth, else what occurs.
 * pixels: as they lie in memory; the answer is in modality values.
 */
export function wholeRange(pixels: ArrayLike<number>, frame: Frame, scale: PixelScale): Range {
  const identity = frame.slope === 1 && frame.intercept === 0 && frame.modalityLut === undefined
  if (identity && frame.pixelRepresentation === 0 && frame.bitsStored <= 8) return { lower: 0, upper: 2 ** frame.bitsStored - 1 }
  const [low, high] = scale.padding ?? [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  let smallest = Number.POSITIVE_INFINITY
  let largest = Number.NEGATIVE_INFINITY
  for (let at = 0; at < pixels.length; at += 1) {
    const pixel = pixels[at] ?? 0
    if (pixel >= low && pixel <= high) continue
    if (pixel < smallest) smallest = pixel
    if (pixel > largest) largest = pixel
  }
  if (largest < smallest) return { lower: 0, upper: 0 }
  const ends = [smallest * scale.slope + scale.intercept, largest * scale.slope + scale.intercept] as const
  return { lower: Math.min(...ends), upper: Math.max(...ends) }
}
