/** The colours of a map or dose with the values at their ends. */
import { useId } from 'react'
import { useTranslation } from 'react-i18next'

import { css } from '../../dicomweb/colours'
import classes from './OverlayLayer.module.css'
import { scaleColour } from './paint'
import type { Scale } from './protocol'
import type { ShownOverlay } from './shown'

const STOPS = [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1]
const WIDTH = 12
const APART = 96

/** Four digits that matter, never in powers of ten where a person would not write them so. */
export function readable(value: number): string {
  const size = Math.abs(value)
  return size !== 0 && (size < 0.001 || size >= 1e6) ? value.toExponential(3) : String(Number(value.toPrecision(4)))
}

/** The ends of the scale that is shown: those chosen, else those of the object; a dose begins at a tenth of its highest value. */
export function shownRange(overlay: ShownOverlay, scale: Scale): readonly [number, number] {
  if (overlay.range) return overlay.range
  return overlay.description?.kind === 'dose' ? [scale.highest / 10, scale.highest] : [scale.lowest, scale.highest]
}

export function useUnitWords(): (unit: string | undefined) => string {
  const { t } = useTranslation()
  return (unit) => (unit === undefined ? t('objects.unitUnknown') : unit === '' ? t('objects.noUnit') : unit)
}

interface ScaleBarProps {
  readonly overlay: ShownOverlay
  readonly scale: Scale
  readonly size: readonly [number, number]
  readonly order: number
}

export function ScaleBar({ overlay, scale, size, order }: ScaleBarProps) {
  const id = useId()
  const unitWords = useUnitWords()
  const height = Math.min(180, size[1] / 3)
  const [left, top] = [size[0] - 96 - order * APART, size[1] / 2 - height / 2]
  const [low, high] = shownRange(overlay, scale)
  return (
    <g className={classes.scale} data-testid="overlay-scale">
      <linearGradient id={id} x1="0" y1="1" x2="0" y2="0">
        {STOPS.map((stop) => (
          <stop key={stop} offset={stop} stopColor={css(scaleColour(stop))} />
        ))}
      </linearGradient>
      <rect x={left} y={top} width={WIDTH} height={height} fill={`url(#${id})`} stroke="#000" />
      <text x={left} y={top - 8}>
        {unitWords(scale.unit)}
      </text>
      <text x={left + WIDTH + 4} y={top + 10}>
        {readable(high)}
      </text>
      <text x={left + WIDTH + 4} y={top + height}>
        {readable(low)}
      </text>
    </g>
  )
}
