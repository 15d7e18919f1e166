/** A lens: while the button is down, the pixels of the file under the pointer, larger, with the greys of the picture. */
import { type PointerEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { LayerProps, ScreenPoint } from '../../../viewport/layers'
import { pictureOf } from '../../../viewport/magnified'
import classes from './Seeing.module.css'

export const MAGNIFIER = 'magnifier'

const RADIUS = 120
/** Times the picture on screen, and never less than so many CSS pixels per pixel of the file. */
const TIMES = 2.5
const LEAST = 2
/** Turned pictures need more than the square. */
const AROUND = 1.45

export function Magnifier(layer: LayerProps) {
  return layer.activeTool === MAGNIFIER ? <Surface layer={layer} /> : null
}

function Surface({ layer }: { readonly layer: LayerProps }) {
  const { t } = useTranslation()
  const [at, setAt] = useState<ScreenPoint>()
  const place = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    setAt([event.clientX - box.left, event.clientY - box.top])
  }
  return (
    <>
      <rect
        width={layer.size[0]}
        height={layer.size[1]}
        className={classes.surface}
        data-takes-pointer
        data-testid="magnifier-surface"
        aria-label={t('seeing.magnifier')}
        onPointerDown={(event) => {
          if (event.button !== 0 || !event.isPrimary) return setAt(undefined)
          event.currentTarget.setPointerCapture(event.pointerId)
          place(event)
        }}
        onPointerMove={(event) => at && place(event)}
        onPointerUp={() => setAt(undefined)}
        onPointerCancel={() => setAt(undefined)}
      />
      {at && <Lens layer={layer} at={at} />}
    </>
  )
}

function Lens({ layer, at }: { readonly layer: LayerProps; readonly at: ScreenPoint }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const pencil = canvas.current?.getContext('2d')
    if (pencil) draw(pencil, layer, at)
  })
  return (
    <foreignObject x={at[0] - RADIUS} y={at[1] - RADIUS} width={2 * RADIUS} height={2 * RADIUS} className={classes.passive}>
      <canvas ref={canvas} width={2 * RADIUS} height={2 * RADIUS} className={classes.lens} data-testid="lens" />
    </foreignObject>
  )
}

/** The way of a step to the right and a step down in the image, on the screen. */
function axesAt({ toScreen, toImage }: LayerProps, at: ScreenPoint) {
  const [column, row] = toImage(at)
  const [from, right, down] = [toScreen([column, row]), toScreen([column + 1, row]), toScreen([column, row + 1])]
  return { column, row, right: [right[0] - from[0], right[1] - from[1]] as const, down: [down[0] - from[0], down[1] - from[1]] as const }
}

function draw(pencil: CanvasRenderingContext2D, layer: LayerProps, at: ScreenPoint): void {
  const { column, row, right, down } = axesAt(layer, at)
  const scale = Math.hypot(...right)
  const times = Math.max(TIMES, LEAST / scale)
  const reach = Math.ceil((RADIUS * AROUND) / (Math.min(scale, Math.hypot(...down)) * times)) + 1
  const [left, top] = [Math.floor(column) - reach, Math.floor(row) - reach]
  const picture = pictureOf(layer.frame, layer.state, { left, top, width: 2 * reach + 1, height: 2 * reach + 1 })
  pencil.setTransform(1, 0, 0, 1, 0, 0)
  pencil.clearRect(0, 0, 2 * RADIUS, 2 * RADIUS)
  if (!picture) return
  const sheet = new OffscreenCanvas(picture.width, picture.height)
  sheet.getContext('2d')?.putImageData(picture, 0, 0)
  const [a, b, c, d] = [right[0] * times, right[1] * times, down[0] * times, down[1] * times]
  const [x, y] = [column - left, row - top]
  pencil.setTransform(a, b, c, d, RADIUS - a * x - c * y, RADIUS - b * x - d * y)
  pencil.imageSmoothingEnabled = scale * times < 8
  pencil.drawImage(sheet, 0, 0)
}
