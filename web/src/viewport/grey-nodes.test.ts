import { describe, expect, it } from 'vitest'

import { shownGrey, type Voi } from '../dicomweb/voi'
import { type GreyNode, greyNodes } from './grey-nodes'

/** What graphics show: lines between the points, their ends beyond. */
function drawn(nodes: readonly GreyNode[], pixel: number): number {
  const after = nodes.findIndex(([at]) => at >= pixel)
  if (after < 0) return (nodes.at(-1)?.[1] ?? 0) * 255
  const [to, before] = [nodes[after], nodes[after - 1]]
  if (!to) return 0
  if (!before || to[0] === pixel) return to[1] * 255
  return (before[1] + ((to[1] - before[1]) * (pixel - before[0])) / (to[0] - before[0])) * 255
}

const curve = { first: 5, bits: 12, entries: Uint16Array.from({ length: 200 }, (_, at) => Math.round(4095 * (at / 199) ** 2)) }
const linear: Voi = { kind: 'window', centre: 40, width: 400, voiFunction: 'LINEAR' }
const VOIS: readonly Voi[] = [
  linear,
  { kind: 'window', centre: 40, width: 1, voiFunction: 'LINEAR' },
  { kind: 'window', centre: 40, width: 400, voiFunction: 'LINEAR_EXACT' },
  { kind: 'window', centre: 40, width: 400, voiFunction: 'SIGMOID' },
  { kind: 'table', index: 0 },
]

describe('points for graphics', () => {
  it.each(VOIS.flatMap((voi) => [false, true].map((inverted) => ({ voi, inverted }))))('show $voi as tables do, inverted $inverted', ({ voi, inverted }) => {
    for (const scale of [
      { slope: 1, intercept: 0, step: 1, padding: undefined },
      { slope: -2, intercept: 100, step: 2, padding: undefined },
      { slope: 3, intercept: -4, step: 1, padding: undefined },
    ] as const) {
      const nodes = greyNodes(voi, [curve], scale, inverted)
      const grey = shownGrey(voi, [curve], scale, inverted)
      for (let pixel = -1100; pixel <= 1100; pixel += 1) expect(Math.abs(drawn(nodes, pixel) - grey(pixel)), `${pixel}`).toBeLessThanOrEqual(1.001)
    }
  })
})
