/** The surface that a measuring tool draws on: it lies over the picture and has the left button and one finger. */
import { type PointerEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Drawing, isComplete, isNothing, moved, pointsOf, pressed, released } from '../../../measuring/editing'
import type { ImagePoint, Measurement, MeasurementKind } from '../../../measuring/measurement'
import type { LayerProps } from '../../../viewport/layers'
import { change, made, measuredQuickly, subjectOf } from './changing'
import { choose, chooseNone, desk } from './desk'
import classes from './Measuring.module.css'
import { Lines, Numbers } from './Shape'
import { type Editing, imagePointOf } from './use-drag'
import { linesBeside } from './words'

/** A hand that moved less than this on the screen has clicked. */
const FAR_PX = 4

/** Kinds that ask for words or a number once they are drawn. */
const ASKED: Partial<Record<MeasurementKind, 'words' | 'length'>> = { text: 'words', arrow: 'words', calibration: 'length' }

export function DrawingSurface({ kind, editing }: { readonly kind: MeasurementKind; readonly editing: Editing }) {
  const { layer } = editing
  const blank: Drawing = { kind, set: [], live: undefined }
  const [drawing, setShown] = useState(blank)
  // Moves come faster than they are drawn: none is lost, and the hand may let go before the last is drawn.
  const latest = useRef(blank)
  const setDrawing = (next: Drawing) => {
    latest.current = next
    setShown(next)
  }
  const far = (a: ImagePoint | undefined, b: ImagePoint) => a !== undefined && screenDistance(layer, a, b) > FAR_PX
  const onUp = (event: PointerEvent<SVGElement>) => {
    const point = imagePointOf(event, layer)
    const now = latest.current
    const done = POINT_KINDS.has(kind) ? now : released(now, point, far(now.set.at(-1), point))
    if (kind !== 'freehand' && !isComplete(done)) return setDrawing(done)
    setDrawing(blank)
    finish(kind, pointsOf({ ...done, live: undefined }) ?? [], editing)
  }
  return (
    <>
      <rect
        width={layer.size[0]}
        height={layer.size[1]}
        className={classes.surface}
        data-takes-pointer
        data-testid="drawing-surface"
        onPointerDown={(event) => {
          // A second finger is for the viewport: what was begun is left.
          if (event.button !== 0 || !event.isPrimary) return setDrawing(blank)
          event.currentTarget.setPointerCapture(event.pointerId)
          chooseNone()
          setDrawing(pressed(latest.current, imagePointOf(event, layer)))
        }}
        onPointerMove={(event) => {
          const point = imagePointOf(event, layer)
          const now = latest.current
          if (kind !== 'freehand' || screenDistance(layer, now.set.at(-1) ?? point, point) > 2) setDrawing(moved(now, point))
        }}
        onPointerUp={onUp}
        onPointerCancel={() => setDrawing(blank)}
      />
      <Drawn drawing={drawing} editing={editing} />
    </>
  )
}

const POINT_KINDS: ReadonlySet<MeasurementKind> = new Set(['probe', 'text', 'ultrasound-region-probe'])

function screenDistance({ toScreen }: LayerProps, a: ImagePoint, b: ImagePoint): number {
  const [from, to] = [toScreen(a), toScreen(b)]
  return Math.hypot(to[0] - from[0], to[1] - from[1])
}

function finish(kind: MeasurementKind, points: readonly ImagePoint[], { studyInstanceUid, imageId, draft, layer }: Editing): void {
  const subject = subjectOf(draft.state.get().measurements, imageId, layer.frame)
  const measurement = made(kind, points, imageId, subject)
  if (!measurement) return
  change(studyInstanceUid, draft, measurement.id, measurement)
  choose(studyInstanceUid, measurement.id)
  const about = ASKED[kind]
  if (about) desk.set((now) => ({ ...now, question: { studyInstanceUid, id: measurement.id, about } }))
}

/** What is being drawn, with its numbers as they are right now. */
function Drawn({ drawing, editing }: { readonly drawing: Drawing; readonly editing: Editing }) {
  const { t } = useTranslation()
  const { layer, imageId, draft } = editing
  const points = pointsOf(drawing)
  if (!points) return null
  const subject = subjectOf(draft.state.get().measurements, imageId, layer.frame)
  const whole = !isNothing(drawing.kind, points) && drawing.kind !== 'calibration'
  const found = whole ? measuredQuickly(drawing.kind, points, subject) : undefined
  const told = found && linesBeside(t, { kind: found.kind, results: found.results } as Measurement, found.remarks)
  return (
    <g className={classes.shape} data-chosen data-testid="drawing">
      <Lines kind={drawing.kind} points={points} toScreen={layer.toScreen} />
      {told && <Numbers points={points} lines={told} toScreen={layer.toScreen} size={layer.size} />}
    </g>
  )
}
