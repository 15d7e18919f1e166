/** What a measurement says, in words: the lines beside it, its spoken name, where its mm come from. */
import type { TFunction } from 'i18next'

import type { Remark } from '../../../measuring/measure'
import type { MeasuredResult, Measurement, Quantity } from '../../../measuring/measurement'
import { told } from '../../../measuring/telling'

/** The numbers that stand at a measurement, in this order; the panel has them all. */
const BESIDE: readonly Quantity[] = ['ratio', 'length', 'short-axis', 'angle', 'time', 'velocity', 'frequency', 'value', 'mean', 'sd', 'min', 'max', 'area']

/** Numbers that need no name of their own at the measurement. */
const NAMELESS: ReadonlySet<Quantity> = new Set(['length', 'angle', 'value', 'area', 'time', 'velocity', 'frequency'])

const find = (results: readonly MeasuredResult[], quantity: Quantity) => results.find((result) => result.quantity === quantity)

/** The lines beside a measurement. */
export function linesBeside(t: TFunction, { kind, label, text, results }: Measurement, remarks: readonly Remark[]): string[] {
  const [long, short] = [find(results, 'length'), find(results, 'short-axis')]
  const sizes = kind === 'bidirectional' && long && short ? [`${told(long)} × ${told(short)}`] : []
  const others = BESIDE.flatMap((quantity) => {
    const result = find(results, quantity)
    if (!result || (sizes.length > 0 && (quantity === 'length' || quantity === 'short-axis'))) return []
    return [NAMELESS.has(quantity) ? told(result) : `${t(`measuring.quantity.${quantity}`)} ${told(result)}`]
  })
  const notes = remarks.map((remark) => t(`measuring.remarkShort.${remark}`))
  return [label ?? '', text ?? '', ...sizes, ...others, ...notes].filter(Boolean)
}

/** All numbers with their names, for the panel and the clipboard. */
export function allNumbers(t: TFunction, results: readonly MeasuredResult[]): string[] {
  return results.map((result) => `${t(`measuring.quantity.${result.quantity}`)} ${told(result)}`)
}

/** What a screen reader says: the kind, what the reader calls it, the numbers. */
export function spokenName(t: TFunction, measurement: Measurement): string {
  const { kind, label, text, results } = measurement
  return [t(`measuring.kind.${kind}`), label, text, ...allNumbers(t, results)].filter(Boolean).join(', ')
}

/** Where the mm come from, in full; undefined where there are none to speak of. */
export function sourceWords(t: TFunction, { spacing_source, results, kind }: Measurement, remarks: readonly Remark[]): string | undefined {
  const hasSize = results.some(({ unit }) => unit === 'mm' || unit === 'mm2')
  if (spacing_source === 'none') return results.some(({ unit }) => unit.startsWith('{pixels}') && unit !== '') && kind !== 'probe' ? t('measuring.source.none') : undefined
  if (!hasSize && spacing_source !== 'ultrasound-region') return undefined
  const planeUnknown = spacing_source === 'pixel-spacing' && remarks.includes('at-detector')
  return planeUnknown ? t('measuring.source.unknownPlane') : t(`measuring.source.${spacing_source}`)
}
