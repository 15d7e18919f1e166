/** Measurements of filed reports that lie in the patient and not on an image, on the slices that they lie on. */
import { useMemo } from 'react'

import type { Frame } from '../../../dicomweb/frame'
import { planeOf } from '../../../dicomweb/plane'
import { onSlice } from '../../../dicomweb/spatial'
import type { LayerProps } from '../../../viewport/layers'
import { targetOf } from '../../../viewport/overlays/use-drawing'
import classes from './Measuring.module.css'
import { type Reported, reportedLines, shapeOf, useReported } from './reported'
import { Lines, Numbers } from './Shape'

export function SpatialShapes({ studyInstanceUid, layer }: { readonly studyInstanceUid: string; readonly layer: LayerProps }) {
  const { data } = useReported(studyInstanceUid)
  if (!planeOf(layer.frame)) return null
  return (data?.reports ?? []).flatMap(({ document, measurements }) =>
    measurements.map(
      (reported, index) => reported.places.some(inFrameOf(layer.frame)) && <One key={`${document.sop_instance_uid} ${index}`} reported={reported} layer={layer} />,
    ),
  )
}

/** A report that names no frame of reference says nowhere. */
const inFrameOf =
  ({ frameOfReferenceUid }: Frame) =>
  ({ frame_of_reference_uid }: Reported['places'][number]): boolean =>
    frameOfReferenceUid !== undefined && frame_of_reference_uid === frameOfReferenceUid

interface OneProps {
  readonly reported: Reported
  readonly layer: LayerProps
}

function One({ reported, layer }: OneProps) {
  const { view, frame, state } = layer
  const { shownIndex, count } = state
  // A pane draws its layers again whenever it moves: the shapes stay where they are on the slice.
  const { lines, points } = useMemo(() => {
    const { plane, toleranceMm } = targetOf(view, frame, shownIndex)
    const drawn = plane && count > 0 ? reported.places.filter(inFrameOf(frame)).map((place) => onSlice(plane, shapeOf(place), toleranceMm)) : []
    return { lines: drawn.flatMap((one) => one.lines), points: drawn.flatMap((one) => one.points) }
  }, [reported, view, frame, shownIndex, count])
  const [first] = [...lines.flat(), ...points]
  if (!first) return null
  return (
    <g className={classes.reported} data-testid="spatial-shape" data-label={reported.label}>
      {lines.map((line, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- a line is its place in the report
        <Lines key={index} kind="angle" points={line} toScreen={layer.toScreen} />
      ))}
      {points.map((point) => (
        <Lines key={point.join(' ')} kind="probe" points={[point]} toScreen={layer.toScreen} />
      ))}
      <Numbers points={[first]} lines={reportedLines(reported)} toScreen={layer.toScreen} size={layer.size} />
    </g>
  )
}
