/** A grey scale as points of a piecewise linear function, for drawing with graphics. Pure. */
import { type PixelScale, type Range, shownGrey, spanOf, type Voi } from '../dicomweb/voi'
import type { LookUpTable } from '../dicomweb/lut'

/** A pixel value and its grey, 0 to 1. */
export type GreyNode = readonly [pixel: number, grey: number]

const SIGMOID_NODES = 512
/** In widths: beyond it a sigmoid is within a tenth of a grey of its end. */
const SIGMOID_REACH = 2.5

/** The pixel values at which the function is asked: few for a line, every entry of a table. */
function sampledAt(voi: Voi, tables: readonly LookUpTable[]): number[] {
  const { lower, upper } = spanOf(voi, tables)
  if (voi.kind === 'table') return Array.from({ length: Math.floor(upper - lower) + 1 }, (_, at) => lower + at)
  if (voi.voiFunction !== 'SIGMOID') return [lower, upper]
  const from = voi.centre - SIGMOID_REACH * voi.width
  return Array.from({ length: SIGMOID_NODES + 1 }, (_, at) => from + (2 * SIGMOID_REACH * voi.width * at) / SIGMOID_NODES)
}

/** Leaves out points between two of the same grey. */
function withoutMiddles(nodes: readonly GreyNode[]): GreyNode[] {
  return nodes.filter(([, grey], at) => {
    const [before, after] = [nodes[at - 1], nodes[at + 1]]
    return !before || !after || before[1] !== grey || after[1] !== grey
  })
}

/** Rising pixel values; outside the first and the last their greys go on. Padding is not part of it (grey.ts). */
export function greyNodes(voi: Voi, tables: readonly LookUpTable[], scale: PixelScale, inverted: boolean): GreyNode[] {
  const plain = shownGrey(voi, tables, { ...scale, padding: undefined }, inverted)
  const toPixel = (value: number) => (value - scale.intercept) / scale.slope
  const greys = (pixel: number): number => plain(pixel) / 255
  const pixels = sampledAt(voi, tables).map(toPixel)
  return withoutMiddles(pixels.map((pixel) => [pixel, greys(pixel)] as const).sort((a, b) => a[0] - b[0]))
}

/** What every graphics driver that draws WebGL 2 at all is known to have. */
const MOST_SAMPLES = 8192

/** How finely graphics must sample the function so that no entry of a table is lost; beyond the most, neighbours are mixed. */
export function samplesNeeded(nodes: readonly GreyNode[], voi: Voi): number {
  const { lower, upper }: Range = { lower: nodes[0]?.[0] ?? 0, upper: nodes.at(-1)?.[0] ?? 1 }
  return voi.kind === 'table' ? Math.min(MOST_SAMPLES, Math.max(1024, Math.ceil(2 * (upper - lower)))) : 1024
}
