/** The graphics and words of the saved view that is shown, over its images: dashed, and not to be changed. */
import { useStore } from '../../../kit/store'
import type { ImagePoint, MeasurementKind } from '../../../measuring/measurement'
import type { LayerProps } from '../../../viewport/layers'
import { desk } from './desk'
import classes from './Measuring.module.css'
import { Lines, Numbers } from './Shape'

const KINDS: Readonly<Record<string, MeasurementKind>> = { point: 'probe', ellipse: 'ellipse', circle: 'ellipse' }

const pointsOf = (points: readonly (readonly number[])[]): ImagePoint[] => points.map(([column = 0, row = 0]): ImagePoint => [column, row])

/** A circle has its centre and a point on it: as an ellipse it has four ends. */
export function asEllipse([centre, rim]: readonly ImagePoint[]): ImagePoint[] {
  if (!centre || !rim) return []
  const radius = Math.hypot(rim[0] - centre[0], rim[1] - centre[1])
  const [x, y] = centre
  return [[x - radius, y], [x + radius, y], [x, y - radius], [x, y + radius]]
}

export function StateShapes({ layer }: { readonly layer: LayerProps }) {
  const { shownState } = useStore(desk)
  const { sopInstanceUid, frameNumber } = layer.frame
  const views = (shownState?.views ?? []).filter(({ images }) =>
    images.some(({ sop_instance_uid, frame_numbers = [] }) => sop_instance_uid === sopInstanceUid && (frame_numbers.length === 0 || frame_numbers.includes(frameNumber))),
  )
  const graphics = views.flatMap((view) => view.graphics ?? [])
  const texts = views.flatMap((view) => view.texts ?? [])
  return (
    <g className={classes.reported} data-testid="state-shapes">
      {graphics.map(({ kind, points }, index) => {
        const at = kind === 'circle' ? asEllipse(pointsOf(points)) : pointsOf(points)
        // oxlint-disable-next-line react/no-array-index-key -- a graphic is its place in the state
        return <Lines key={index} kind={KINDS[kind] ?? 'angle'} points={at} toScreen={layer.toScreen} />
      })}
      {texts.map(({ text, anchor, box }, index) => {
        const at = anchor ?? box?.[0]
        // oxlint-disable-next-line react/no-array-index-key -- a text is its place in the state
        return at && <Numbers key={index} points={pointsOf([at])} lines={text.split(/\r?\n/u)} toScreen={layer.toScreen} size={layer.size} />
      })}
    </g>
  )
}
