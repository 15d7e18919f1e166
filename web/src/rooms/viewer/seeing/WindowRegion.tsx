/** The tool that sets the window from a region: the values within it fill the greys. */
import { type PointerEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { partBetween } from '../../../dicomweb/percentiles'
import type { LayerProps, ScreenPoint } from '../../../viewport/layers'
import { windowFromValues } from './auto-window'
import classes from './Seeing.module.css'

export const WINDOW_REGION = 'window-region'

/** Smaller than this is a click, CSS pixels. */
const SMALL = 4

export function WindowRegion(layer: LayerProps) {
  return layer.activeTool === WINDOW_REGION ? <Surface layer={layer} /> : null
}

function Surface({ layer }: { readonly layer: LayerProps }) {
  const { t } = useTranslation()
  const [corners, setCorners] = useState<readonly [ScreenPoint, ScreenPoint]>()
  const { size, frame, state, view, toImage } = layer
  const pointOf = (event: PointerEvent<SVGRectElement>): ScreenPoint => {
    const box = event.currentTarget.getBoundingClientRect()
    return [event.clientX - box.left, event.clientY - box.top]
  }
  const finish = () => {
    setCorners(undefined)
    if (!corners || Math.hypot(corners[1][0] - corners[0][0], corners[1][1] - corners[0][1]) < SMALL) return
    const part = partBetween(toImage(corners[0]), toImage(corners[1]), frame.columns, frame.rows)
    const voi = windowFromValues(state.imageId, part)
    // A drag over a viewport is a step of the history already.
    if (voi) view?.setVoi(voi)
  }
  return (
    <>
      <rect
        width={size[0]}
        height={size[1]}
        className={classes.surface}
        data-takes-pointer
        data-testid="window-region"
        aria-label={t('seeing.windowRegion')}
        onPointerDown={(event) => {
          if (event.button !== 0 || !event.isPrimary) return setCorners(undefined)
          event.currentTarget.setPointerCapture(event.pointerId)
          setCorners([pointOf(event), pointOf(event)])
        }}
        onPointerMove={(event) => corners && setCorners([corners[0], pointOf(event)])}
        onPointerUp={finish}
        onPointerCancel={() => setCorners(undefined)}
      />
      {corners && (
        <rect
          x={Math.min(corners[0][0], corners[1][0])}
          y={Math.min(corners[0][1], corners[1][1])}
          width={Math.abs(corners[1][0] - corners[0][0])}
          height={Math.abs(corners[1][1] - corners[0][1])}
          className={classes.region}
        />
      )}
    </>
  )
}
