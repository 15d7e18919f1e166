/** Measurements of filed reports over their images: dashed, and not to be changed. */
import type { ImagePoint, MeasurementKind } from '../../../measuring/measurement'
import type { LayerProps } from '../../../viewport/layers'
import classes from './Measuring.module.css'
import { type Reported, reportedLines, useReported } from './reported'
import { Lines, Numbers } from './Shape'
import { asEllipse } from './StateShapes'

type ReportedShape = Reported['shapes'][number]

/** How a shape of SCOORD (PS3.3 C.18.6.1.2) is drawn with our lines. */
const KINDS: Readonly<Record<string, MeasurementKind>> = { POINT: 'probe', ELLIPSE: 'ellipse', CIRCLE: 'ellipse', POLYLINE: 'angle' }

function pointsOf({ graphic_type, points }: ReportedShape): ImagePoint[] {
  const given = points.map(([column = 0, row = 0]): ImagePoint => [column, row])
  return graphic_type === 'CIRCLE' ? asEllipse(given) : given
}

export function ReportedShapes({ studyInstanceUid, layer }: { readonly studyInstanceUid: string; readonly layer: LayerProps }) {
  const { data } = useReported(studyInstanceUid)
  const { sopInstanceUid, frameNumber } = layer.frame
  const here = ({ sop_instance_uid, frame_numbers }: ReportedShape) =>
    sop_instance_uid === sopInstanceUid && (frame_numbers.length === 0 || frame_numbers.includes(frameNumber))
  const found = (data?.reports ?? []).flatMap(({ document, measurements }) =>
    measurements.flatMap((reported, index) => {
      const shapes = reported.shapes.filter(here)
      return shapes.length > 0 ? [{ key: `${document.sop_instance_uid} ${index}`, reported, shapes }] : []
    }),
  )
  return found.map(({ key, reported, shapes }) => <One key={key} reported={reported} shapes={shapes} layer={layer} />)
}

interface OneProps {
  readonly reported: Reported
  readonly shapes: readonly ReportedShape[]
  readonly layer: LayerProps
}

function One({ reported, shapes, layer }: OneProps) {
  const points = shapes.flatMap(pointsOf)
  if (points.length === 0) return null
  return (
    <g className={classes.reported} data-testid="reported-shape">
      {shapes.map((shape, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- a shape is its place in the report
        <Lines key={index} kind={KINDS[shape.graphic_type] ?? 'angle'} points={pointsOf(shape)} toScreen={layer.toScreen} />
      ))}
      <Numbers points={points} lines={reportedLines(reported)} toScreen={layer.toScreen} size={layer.size} />
    </g>
  )
}
