/** Calipers on squared paper: drag from one point to another; arrow keys move the end, with Shift the beginning. */
import { type KeyboardEvent, type PointerEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { between } from '../../../dicomweb/tracing'
import type { PaperSettings } from './paper-settings'
import classes from './WaveformPane.module.css'

type Point = readonly [number, number]

interface Span {
  readonly from: Point
  readonly to: Point
}

const STEPS: Readonly<Record<string, Point>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

function pointOf(event: PointerEvent<SVGElement>): Point {
  const box = event.currentTarget.getBoundingClientRect()
  return [event.clientX - box.left, event.clientY - box.top]
}

const moved = ([x, y]: Point, [right, down]: Point, by: number): Point => [x + right * by, y + down * by]

interface CalipersProps {
  readonly settings: PaperSettings
  readonly size: Point
}

export function Calipers({ settings, size }: CalipersProps) {
  const { t } = useTranslation()
  const [span, setSpan] = useState<Span>()
  const [dragging, setDragging] = useState(false)
  const onDown = (event: PointerEvent<SVGElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId)
    const at = pointOf(event)
    setSpan({ from: at, to: at })
    setDragging(true)
  }
  const onKey = (event: KeyboardEvent) => {
    const step = STEPS[event.key]
    if (event.key === 'Escape') setSpan(undefined)
    if (!step) return
    event.preventDefault()
    event.stopPropagation()
    const now = span ?? { from: [size[0] / 3, size[1] / 2], to: [size[0] / 3, size[1] / 2] }
    const by = settings.pixelsPerMm
    setSpan(event.shiftKey ? { ...now, from: moved(now.from, step, by) } : { ...now, to: moved(now.to, step, by) })
  }
  return (
    <g>
      <rect
        className={classes.glass}
        width={size[0]}
        height={size[1]}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- calipers are set by keys too
        tabIndex={0}
        role="application"
        aria-label={t('objects.calipers')}
        data-takes-keys
        onPointerDown={onDown}
        onPointerMove={(event) => dragging && span && setSpan({ ...span, to: pointOf(event) })}
        onPointerUp={() => setDragging(false)}
        onKeyDown={onKey}
      />
      {span && <Measure span={span} settings={settings} />}
    </g>
  )
}

function Measure({ span: { from, to }, settings }: { readonly span: Span; readonly settings: PaperSettings }) {
  const { t } = useTranslation()
  const { milliseconds, perMinute, amplitude } = between(from, to, { ...settings, mmPerUnit: settings.mmPerMillivolt })
  const words = [
    `${Math.round(milliseconds)} ms`,
    perMinute !== undefined && milliseconds > 100 && t('objects.perMinute', { rate: Math.round(perMinute) }),
    `${amplitude.toFixed(2)} mV`,
  ].filter(Boolean)
  const [left, right] = [Math.min(from[0], to[0]), Math.max(from[0], to[0])]
  return (
    <g className={classes.calipers} pointerEvents="none">
      <path d={`M${from[0]} 0V10000M${to[0]} 0V10000M${left} ${from[1]}H${right}M${left} ${to[1]}H${right}`} />
      <text x={right + 6} y={Math.max(14, Math.min(from[1], to[1]) - 6)} role="status" data-testid="calipers">
        {words.join(' · ')}
      </text>
    </g>
  )
}
