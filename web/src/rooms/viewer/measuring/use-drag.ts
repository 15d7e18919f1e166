/** Taking hold of a measurement or of one of its handles, with a hand or with the arrow keys. */
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react'

import { reshaped, shifted } from '../../../measuring/editing'
import type { ImagePoint, Measurement } from '../../../measuring/measurement'
import type { LayerProps } from '../../../viewport/layers'
import { change, remeasured, subjectOf } from './changing'
import { choose } from './desk'
import type { Draft } from './draft'

type Points = readonly ImagePoint[]

/** A handle by its number, or the whole. */
export type Grip = number | 'whole'

interface Drag {
  readonly grip: Grip
  readonly from: ImagePoint
  readonly points: Points
}

export interface Editing {
  readonly studyInstanceUid: string
  readonly imageId: string
  readonly draft: Draft
  readonly layer: LayerProps
}

/** Where a pointer is in the image. */
export function imagePointOf(event: PointerEvent<SVGElement>, { toImage }: Pick<LayerProps, 'toImage'>): ImagePoint {
  const svg = event.currentTarget.ownerSVGElement ?? event.currentTarget
  const { left, top } = svg.getBoundingClientRect()
  return toImage([event.clientX - left, event.clientY - top])
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** One pixel of the image in a direction of the screen, ten with Shift. */
function stepOf(event: KeyboardEvent, { toImage, state }: LayerProps): readonly [number, number] | undefined {
  const direction = ARROWS[event.key]
  if (!direction) return undefined
  const pixels = state.zoom * (event.shiftKey ? 10 : 1)
  const [from, to] = [toImage([0, 0]), toImage([direction[0] * pixels, direction[1] * pixels])]
  return [to[0] - from[0], to[1] - from[1]]
}

export function useDrag(measurement: Measurement, { studyInstanceUid, imageId, draft, layer }: Editing) {
  const [drag, setDrag] = useState<Drag>()
  // The hand may let go before its last move is drawn.
  const held = useRef<Drag>(undefined)
  const hold = (now: Drag | undefined) => {
    held.current = now
    setDrag(now)
  }
  const { id, kind, points } = measurement
  const keep = (changed: Points, merge?: string) => {
    const subject = subjectOf(draft.state.get().measurements, imageId, layer.frame)
    const after = remeasured(measurement, changed, subject)
    if (after) change(studyInstanceUid, draft, id, after, merge)
  }
  const moved = (grip: Grip, by: readonly [number, number]): Points => {
    const at = grip === 'whole' ? undefined : points[grip]
    // A handle stays as far from the finger as it was taken hold of.
    return at && grip !== 'whole' ? reshaped(kind, points, grip, [at[0] + by[0], at[1] + by[1]]) : shifted(points, by)
  }
  return {
    /** The points as they are under the hand. */
    points: drag?.points ?? points,
    dragging: drag !== undefined,
    down: (grip: Grip) => (event: PointerEvent<SVGElement>) => {
      if (event.button !== 0 || !event.isPrimary) return
      event.stopPropagation()
      event.currentTarget.setPointerCapture(event.pointerId)
      choose(studyInstanceUid, id)
      hold({ grip, from: imagePointOf(event, layer), points })
    },
    move: (event: PointerEvent<SVGElement>) => {
      const now = held.current
      if (!now) return
      const to = imagePointOf(event, layer)
      hold({ ...now, points: moved(now.grip, [to[0] - now.from[0], to[1] - now.from[1]]) })
    },
    up: () => {
      // A hand leaves the keys to the room; who came by Tab keeps them.
      if (document.activeElement instanceof SVGElement) document.activeElement.blur()
      const now = held.current
      hold(undefined)
      if (now && now.points !== points) keep(now.points)
    },
    cancel: () => hold(undefined),
    key: (grip: Grip) => (event: KeyboardEvent<SVGElement>) => {
      const step = stepOf(event, layer)
      if (step) keep(moved(grip, step), 'move')
      else if (event.key === 'Delete' || event.key === 'Backspace') change(studyInstanceUid, draft, id, undefined)
      else if (event.key === 'Escape') event.currentTarget.blur()
      else return
      event.preventDefault()
      event.stopPropagation()
    },
  }
}
