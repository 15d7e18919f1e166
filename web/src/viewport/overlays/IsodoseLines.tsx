/** Isodose lines over the colour wash: each with its level beside it, and what 100 % is. */
import { useTranslation } from 'react-i18next'

import { css, DISTINCT, distinct } from '../../dicomweb/colours'
import type { LayerProps } from '../layers'
import { wholeOf } from './isodose-levels'
import classes from './OverlayLayer.module.css'
import type { DoseFacts, Isodose } from './protocol'
import { readable, useUnitWords } from './ScaleBar'
import { isodosesOf, type ShownOverlay } from './shown'

/** "95 % · 57 Gy", or the dose alone where levels are doses. */
export function useLevelWords(overlay: ShownOverlay): (place: number) => string {
  const unitWords = useUnitWords()
  const [choice, dose] = [isodosesOf(overlay), overlay.description?.dose]
  return (place) => {
    const level = choice?.levels[place]
    if (!choice || !dose || level === undefined) return ''
    const whole = wholeOf(choice.basis, dose)
    const gray = `${readable(whole === undefined ? level : (level * whole) / 100)} ${dose.unit === '' ? '' : unitWords(dose.unit)}`.trim()
    if (whole === undefined) return gray
    return dose.unit === '' ? `${readable(level)} %` : `${readable(level)} % · ${gray}`
  }
}

/** What the percentages are of; '' where there are none. */
export function useWholeWords(): (overlay: ShownOverlay, dose: DoseFacts) => string {
  const { t } = useTranslation()
  const unitWords = useUnitWords()
  return (overlay, dose) => {
    const basis = isodosesOf(overlay)?.basis
    const whole = basis && wholeOf(basis, dose)
    if (whole === undefined || basis === undefined || basis === 'dose') return ''
    const amount = `${readable(whole)} ${dose.unit === '' ? '' : unitWords(dose.unit)}`.trim()
    return t(`objects.isodose.whole.${basis}`, { amount })
  }
}

export const lineColour = (place: number): string => css(distinct(place))
/** Colours that come a second time come dashed. */
export const lineDash = (place: number): string | undefined => (place >= DISTINCT.length ? '7 3' : undefined)

interface IsodoseLinesProps {
  readonly overlay: ShownOverlay
  readonly isodoses: readonly Isodose[]
  readonly matrix: string
  readonly toScreen: LayerProps['toScreen']
}

export function IsodoseLines({ overlay, isodoses, matrix, toScreen }: IsodoseLinesProps) {
  const words = useLevelWords(overlay)
  return (
    <>
      <g transform={matrix}>
        {isodoses.map(({ level, place, d }) => (
          <g key={place}>
            <path d={d} className={classes.isodoseEdge} />
            <path d={d} className={classes.isodose} data-isodose={level} stroke={lineColour(place)} strokeDasharray={lineDash(place)} />
          </g>
        ))}
      </g>
      {isodoses.flatMap(({ place, labels }) =>
        labels.map((label) => {
          const [x, y] = toScreen(label)
          return (
            <text key={`${place} ${label.join(' ')}`} className={classes.level} x={x} y={y} dy="0.35em" textAnchor="middle">
              {words(place)}
            </text>
          )
        }),
      )}
    </>
  )
}

interface WholeProps {
  readonly overlay: ShownOverlay
  readonly dose: DoseFacts
  readonly size: readonly [number, number]
  readonly order: number
}

/** In the viewport, so that no percentage stands there without what it is of. */
export function Whole({ overlay, dose, size, order }: WholeProps) {
  const words = useWholeWords()(overlay, dose)
  if (!words) return null
  return (
    <text className={classes.level} data-testid="isodose-whole" x={size[0] - 12} y={size[1] / 2 + Math.min(90, size[1] / 6) + 24 + order * 18} textAnchor="end">
      {words}
    </text>
  )
}
