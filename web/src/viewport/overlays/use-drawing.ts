/** The drawing of one overlay on the frame that is shown: never that of another frame. */
import { useEffect, useMemo, useState } from 'react'

import { frameOf } from '../known-frames'
import type { StackView } from '../stack-view'
import type { Frame } from '../../dicomweb/frame'
import { distanceFrom, onSliceWithin, planeOf } from '../../dicomweb/plane'
import { drawOverlay } from './ask'
import { type Drawing, OverlayError, type OverlayFailure, type Target } from './protocol'
import { isodoseLevels, type ShownOverlay } from './shown'

/** mm to the nearer of the neighbouring slices of the stack. */
function gapOf(view: StackView | undefined, frame: Frame, index: number): number | undefined {
  const plane = planeOf(frame)
  const stack = view?.stack() ?? []
  if (!plane) return undefined
  const distances = [stack[index - 1], stack[index + 1]].flatMap((imageId) => {
    const position = frameOf(imageId)?.position
    const distance = position && Math.abs(distanceFrom(plane, position))
    return distance ? [distance] : []
  })
  return distances.length > 0 ? Math.min(...distances) : undefined
}

export function targetOf(view: StackView | undefined, frame: Frame, index: number): Target {
  return {
    sopInstanceUid: frame.sopInstanceUid,
    frameNumber: frame.frameNumber,
    rows: frame.rows,
    columns: frame.columns,
    plane: planeOf(frame),
    frameOfReferenceUid: frame.frameOfReferenceUid,
    toleranceMm: onSliceWithin(gapOf(view, frame, index)),
  }
}

export interface Shown {
  readonly drawing: Drawing | undefined
  /** Address of the picture, alive while it is shown. */
  readonly picture: string | undefined
  readonly failure: OverlayFailure | undefined
}

interface Kept extends Shown {
  readonly imageId: string | undefined
}

const NOTHING_YET: Kept = { imageId: undefined, drawing: undefined, picture: undefined, failure: undefined }

export function useDrawing(overlay: ShownOverlay, view: StackView | undefined, frame: Frame, imageId: string | undefined, index: number): Shown {
  const [kept, setKept] = useState<Kept>(NOTHING_YET)
  const { address, hidden, colours, range } = overlay
  // The same array while the same lines are wanted: another one would draw all over again.
  const wanted = isodoseLevels(overlay).join(' ')
  const isodoses = useMemo(() => wanted.split(' ').filter(Boolean).map(Number), [wanted])
  useEffect(() => {
    const asked = { over: false, picture: '' }
    drawOverlay(address, targetOf(view, frame, index), { hidden, colours, range, isodoses }).then(
      (drawing) => {
        if (asked.over) return
        asked.picture = drawing.picture ? URL.createObjectURL(drawing.picture.blob) : ''
        setKept({ imageId, drawing, picture: asked.picture || undefined, failure: undefined })
      },
      (error: unknown) => {
        if (!asked.over) setKept({ ...NOTHING_YET, imageId, failure: error instanceof OverlayError ? error.reason : 'unreadable' })
      },
    )
    return () => {
      asked.over = true
      // What replaces it may take a moment: until then the old picture of the same frame stays.
      if (asked.picture) setTimeout(() => URL.revokeObjectURL(asked.picture), 10_000)
    }
  }, [address, view, frame, imageId, index, hidden, colours, range, isodoses])
  return kept.imageId === imageId ? kept : NOTHING_YET
}
