/** Numbers as they are shown: rounded to what a reader can use, never more. What is kept and filed is not rounded. */
import type { MeasuredResult } from './measurement'

/** How UCUM units are written on the screen. A unit that only names what is counted is left out. */
const SHOWN: Readonly<Record<string, string>> = {
  "[hnsf'U]": 'HU',
  deg: '°',
  mm2: 'mm²',
  '{pixels}': 'px',
  '{pixels}2': 'px²',
  'g/ml{SUVbw}': 'g/ml SUVbw',
  'g/ml{SUVlbm}': 'g/ml SUVlbm',
  'cm2/ml{SUVbsa}': 'cm²/ml SUVbsa',
  '{value}': '',
  '1': '',
}

const unitWords = (unit: string): string => SHOWN[unit] ?? unit.replace(/^\{(.*)\}$/u, '$1')

function decimals({ quantity, value, unit }: MeasuredResult): number {
  const size = Math.abs(value)
  if (quantity === 'pixel-count') return 0
  if (quantity === 'ratio' || unit.includes('SUV')) return 2
  if (unit === 'mm2') return size < 100 ? 1 : 0
  if (unit === 'mm') return size < 1 ? 2 : 1
  if (Number.isInteger(value)) return 0
  return size < 10 && !['deg', '{pixels}', "[hnsf'U]"].includes(unit) ? 2 : 1
}

/** "12.3 mm", "41.0 HU", "12.40 cm²", "120 ms". */
export function told(result: MeasuredResult): string {
  const { value, unit } = result
  if (unit === 'mm2' && Math.abs(value) >= 1000) return `${(value / 100).toFixed(2)} cm²`
  if (unit === 's' && Math.abs(value) < 1) return `${Math.round(value * 1000)} ms`
  if (unit === 'Bq/ml' && Math.abs(value) >= 1000) return `${(value / 1000).toFixed(2)} kBq/ml`
  const words = unitWords(unit)
  // Without a sign where it is rounded to nothing.
  const figure = value.toFixed(decimals(result)).replace(/^-(0(?:\.0+)?)$/u, '$1')
  return unit === 'deg' ? `${figure}°` : words ? `${figure} ${words}` : figure
}
