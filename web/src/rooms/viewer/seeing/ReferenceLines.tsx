/** Where the slice of the active viewport crosses the pictures of the others; and the word that a stack did not follow. */
import { useTranslation } from 'react-i18next'

import { crossingOf, sliceOf } from '../../../dicomweb/crossing'
import { createStore, useStore } from '../../../kit/store'
import { frameOf } from '../../../viewport/known-frames'
import type { LayerProps } from '../../../viewport/layers'
import { useViewState } from '../../../viewport/use-view-state'
import { useRoom } from '../context'
import { unlinked } from './links'
import { Mark } from './Mark'
import classes from './Seeing.module.css'

export const referenceLines = createStore(true)

export function ReferenceLines(layer: LayerProps) {
  const shown = useStore(referenceLines)
  return (
    <>
      {shown && <Line {...layer} />}
      <NotFollowing {...layer} />
    </>
  )
}

function Line({ view, frame, toScreen }: LayerProps) {
  const { views, state } = useRoom()
  const active = views.get(state.active)
  const { imageId, shownIndex } = useViewState(active === view ? undefined : active)
  const [here, other] = imageId === undefined ? [] : [sliceOf(frame), sliceOf(frameOf(imageId))]
  const line = here && other ? crossingOf(here, other) : undefined
  if (!line) return null
  const [from, to] = [toScreen(line[0]), toScreen(line[1])]
  const ends = { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }
  return (
    <g data-testid="reference-line" data-image={shownIndex + 1}>
      <line {...ends} className={classes.halo} />
      <line {...ends} className={classes.reference} />
      <text x={to[0] + 4} y={to[1] - 4} className={classes.words}>
        {shownIndex + 1}
      </text>
    </g>
  )
}

function NotFollowing({ view, size }: LayerProps) {
  const { t } = useTranslation()
  const reason = useStore(unlinked).get(view?.id ?? '')
  if (!reason) return null
  const words = t(reason === 'elsewhere' ? 'seeing.notLinkedElsewhere' : 'seeing.notLinkedNoSlice')
  return <Mark size={size} down={24} words={words} testId="not-linked" />
}
