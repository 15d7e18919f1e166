/** Masks, contours and values of other objects over the picture, each on the slices it lies on. */
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

import { css } from '../../dicomweb/colours'
import type { ImagePoint, Matrix } from '../../dicomweb/plane'
import { useStore } from '../../kit/store'
import { answerWith, answerWithPart, wantedImage, wantedParts } from '../jump'
import type { LayerProps } from '../layers'
import { IsodoseLines, useLevelWords, Whole } from './IsodoseLines'
import classes from './OverlayLayer.module.css'
import type { OverlayDescription, Shape } from './protocol'
import { ScaleBar } from './ScaleBar'
import { fitOf, type ShownOverlay, shownOverlays } from './shown'
import { useDrawing } from './use-drawing'

const svgMatrix = (matrix: Matrix) => `matrix(${matrix.join(' ')})`

/** Image points to the screen, as a matrix: three points say all. */
function screenMatrix(toScreen: LayerProps['toScreen']): Matrix {
  const FAR = 1000
  const [from, right, down] = [toScreen([0, 0]), toScreen([FAR, 0]), toScreen([0, FAR])]
  return [(right[0] - from[0]) / FAR, (right[1] - from[1]) / FAR, (down[0] - from[0]) / FAR, (down[1] - from[1]) / FAR, from[0], from[1]]
}

export function OverlayLayer(props: LayerProps) {
  const { view, frame, state } = props
  const { count } = state
  const overlays = useStore(shownOverlays)
  const [image, parts] = [useStore(wantedImage), useStore(wantedParts)]
  useEffect(() => {
    if (!view || count === 0) return
    if (image) answerWith(view)
    if (parts.length > 0) answerWithPart(view)
  }, [view, image, parts, count])
  const fitting = overlays.flatMap((overlay) =>
    overlay.visible && overlay.description && fitOf(overlay.description, frame) === 'fits' ? [{ overlay, description: overlay.description }] : [],
  )
  return (
    <g>
      {fitting.map(({ overlay, description }, order) => (
        <OneOverlay key={overlay.address} {...props} overlay={overlay} description={description} order={order} />
      ))}
    </g>
  )
}

interface OneOverlayProps extends LayerProps {
  readonly overlay: ShownOverlay
  readonly description: OverlayDescription
  readonly order: number
}

function OneOverlay({ overlay, description, order, view, frame, state, toScreen, size }: OneOverlayProps) {
  const { t } = useTranslation()
  const levelWords = useLevelWords(overlay)
  const { drawing, picture, failure } = useDrawing(overlay, view, frame, state.imageId, state.shownIndex)
  if (failure) {
    return (
      <text className={classes.failure} x={size[0] / 2} y={size[1] - 28 - order * 18} textAnchor="middle">
        {t(`objects.failure.${failure}`)}
      </text>
    )
  }
  // Until it is known what lies here, nobody may think that nothing does.
  if (!drawing) {
    return (
      <text className={classes.waiting} x={size[0] / 2} y={size[1] - 28 - order * 18} textAnchor="middle">
        {t('objects.drawing')}
      </text>
    )
  }
  const isodoses = drawing.isodoses ?? []
  const names = drawing.names.map(({ part }) => description.parts.find(({ id }) => id === part)?.label).filter(Boolean)
  const spoken = [names.join(', ') || description.label || t('objects.overlay'), ...isodoses.map(({ place }) => levelWords(place))].join(', ')
  return (
    <g data-overlay={overlay.address} data-drawn-on={state.imageId} role="img" aria-label={spoken}>
      <g transform={svgMatrix(screenMatrix(toScreen))}>
        {drawing.picture && picture && (
          <image
            href={picture}
            width={drawing.picture.columns}
            height={drawing.picture.rows}
            transform={svgMatrix(drawing.picture.matrix)}
            preserveAspectRatio="none"
            opacity={overlay.opacity}
            className={description.kind === 'dose' ? undefined : classes.pixels}
          />
        )}
        {drawing.shapes.map((shape, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a shape is its place in the drawing
          <Outline key={index} shape={shape} opacity={overlay.opacity} />
        ))}
      </g>
      {isodoses.length > 0 && <IsodoseLines overlay={overlay} isodoses={isodoses} matrix={svgMatrix(screenMatrix(toScreen))} toScreen={toScreen} />}
      {isodoses.length > 0 && description.dose && <Whole overlay={overlay} dose={description.dose} size={size} order={order} />}
      {drawing.points.map(({ colour, at }) => (
        <Cross key={at.join(' ')} at={toScreen(at)} colour={css(colour)} />
      ))}
      {overlay.named &&
        drawing.names.map(({ part, at }) => (
          <PartName key={part} at={toScreen(at)} words={description.parts.find(({ id }) => id === part)?.label ?? ''} />
        ))}
      {drawing.picture && description.scale && <ScaleBar overlay={overlay} scale={description.scale} size={size} order={order} />}
    </g>
  )
}

function Outline({ shape, opacity }: { readonly shape: Shape; readonly opacity: number }) {
  const { d, matrix, colour, filled } = shape
  return (
    <path
      d={d}
      transform={svgMatrix(matrix)}
      className={classes.outline}
      stroke={css(colour)}
      fill={filled ? css(colour) : 'none'}
      fillOpacity={filled ? opacity / 2 : 0}
      fillRule={filled}
    />
  )
}

function Cross({ at, colour }: { readonly at: ImagePoint; readonly colour: string }) {
  const ARM = 6
  return <path d={`M${at[0] - ARM} ${at[1]}h${2 * ARM}M${at[0]} ${at[1] - ARM}v${2 * ARM}`} className={classes.outline} stroke={colour} fill="none" />
}

function PartName({ at, words }: { readonly at: ImagePoint; readonly words: string }) {
  return (
    <text className={classes.name} x={at[0] + 4} y={at[1] - 6}>
      {words}
    </text>
  )
}
