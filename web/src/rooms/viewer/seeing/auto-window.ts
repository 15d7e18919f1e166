/** Windows that the values ask for. */
import { type Part, usualRange } from '../../../dicomweb/percentiles'
import { type Voi, windowOf } from '../../../dicomweb/voi'
import { modalityPixels } from '../../../viewport/grey'

/** Below this range a step of one is too coarse for LINEAR. */
const FEW_VALUES = 32

export function voiOf({ lower, upper }: { readonly lower: number; readonly upper: number }): Voi {
  const voiFunction = upper - lower < FEW_VALUES ? 'LINEAR_EXACT' : 'LINEAR'
  const { centre, width } = windowOf({ lower, upper }, voiFunction)
  return { kind: 'window', centre, width: Math.max(width, voiFunction === 'LINEAR' ? 1 : 1e-6), voiFunction }
}

/** Between the percentiles of the image, or of a part of it; undefined where there are no values: colour, or not loaded. */
export function windowFromValues(imageId: string | undefined, part?: Part): Voi | undefined {
  const image = imageId === undefined ? undefined : modalityPixels(imageId)
  if (!image) return undefined
  const whole = { left: 0, top: 0, right: image.columns, bottom: image.rows }
  const range = usualRange(image.pixels, image.columns, image.scale, part ?? whole)
  return range && voiOf(range)
}
