/** One point of the patient, shown in every picture whose slice it lies in; pointing in one viewport takes the others to it. */
import type { KeyboardEvent, PointerEvent } from 'react'
import { useTranslation } from 'react-i18next'

import { patientPoint, type PatientPoint, pointOn, sliceOf, sliceThrough } from '../../../dicomweb/crossing'
import { createStore, useStore } from '../../../kit/store'
import { frameOf } from '../../../viewport/known-frames'
import type { ImagePoint, LayerProps } from '../../../viewport/layers'
import { useRoom } from '../context'
import { send } from './links'
import { Mark } from './Mark'
import classes from './Seeing.module.css'

export const CROSSHAIR = 'crosshair'
const crosshair = createStore<PatientPoint | undefined>(undefined)
/** Left free around the point, CSS pixels. */
const FREE = 14

const STEPS: Readonly<Record<string, ImagePoint>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

export function Crosshair(layer: LayerProps) {
  const point = useStore(crosshair)
  return (
    <>
      {point && layer.activeTool === CROSSHAIR && <Cross layer={layer} point={point} />}
      {layer.activeTool === CROSSHAIR && <Surface layer={layer} />}
    </>
  )
}

function useGoing(layer: LayerProps): (at: ImagePoint) => void {
  const { views } = useRoom()
  return (at) => {
    const slice = sliceOf(layer.frame)
    if (!slice) return
    const point = patientPoint(slice, at)
    crosshair.set(point)
    for (const other of views.values()) {
      const index = other === layer.view ? undefined : sliceThrough(point, other.stack().map(frameOf))
      if (index !== undefined) send(other, index)
    }
  }
}

function Surface({ layer }: { readonly layer: LayerProps }) {
  const { t } = useTranslation()
  const go = useGoing(layer)
  const { frame, size, toImage } = layer
  const point = useStore(crosshair)
  if (!sliceOf(frame)) return <Refusal size={size} words={t('seeing.crosshairNoPlace')} />
  const pointTo = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    go(toImage([event.clientX - box.left, event.clientY - box.top]))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key]
    const slice = sliceOf(frame)
    if (!step || !slice) return
    event.preventDefault()
    const from = (point && pointOn(slice, point)) ?? [frame.columns / 2, frame.rows / 2]
    go([from[0] + step[0], from[1] + step[1]])
  }
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- arrow keys move the point
    <rect
      width={size[0]}
      height={size[1]}
      className={classes.surface}
      tabIndex={0}
      role="application"
      aria-label={t('seeing.crosshairSurface')}
      data-takes-pointer
      data-takes-keys
      data-testid="crosshair-surface"
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0 || !event.isPrimary) return
        event.currentTarget.setPointerCapture(event.pointerId)
        pointTo(event)
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) pointTo(event)
      }}
    />
  )
}

function Cross({ layer, point }: { readonly layer: LayerProps; readonly point: PatientPoint }) {
  const { t } = useTranslation()
  const { frame, toScreen, size, view, state } = layer
  const slice = sliceOf(frame)
  if (!slice || slice.frameOfReferenceUid !== point.frameOfReferenceUid) return null
  const at = pointOn(slice, point)
  const within = view && sliceThrough(point, view.stack().map(frameOf)) === state.shownIndex
  if (!at || !within) return <Refusal size={size} words={t('seeing.crosshairElsewhere')} />
  const [x, y] = toScreen(at)
  const path = `M0 ${y}H${x - FREE}M${x + FREE} ${y}H${size[0]}M${x} 0V${y - FREE}M${x} ${y + FREE}V${size[1]}`
  return (
    <g data-testid="crosshair" data-column={at[0].toFixed(2)} data-row={at[1].toFixed(2)}>
      <path d={path} className={classes.halo} />
      <path d={path} className={classes.cross} />
      <circle cx={x} cy={y} r={FREE / 2} className={classes.cross} />
    </g>
  )
}

function Refusal({ size, words }: { readonly size: LayerProps['size']; readonly words: string }) {
  return <Mark size={size} down={46} words={words} testId="crosshair-refused" />
}
