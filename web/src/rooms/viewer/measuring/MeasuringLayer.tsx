/** Measurements over the picture: drawn, taken hold of, and made with the tools of this room. */
import { useTranslation } from 'react-i18next'

import { keyOf } from '../../../dicomweb/addresses'
import { useStore } from '../../../kit/store'
import { handlesOf } from '../../../measuring/editing'
import type { Measurement } from '../../../measuring/measurement'
import type { LayerProps } from '../../../viewport/layers'
import { measuredQuickly, remarksOf, subjectOf } from './changing'
import { choose, desk, kindOf } from './desk'
import { useDraft } from './drafts'
import { DrawingSurface } from './DrawingSurface'
import classes from './Measuring.module.css'
import { ReportedShapes } from './ReportedShapes'
import { Lines, Numbers } from './Shape'
import { SpatialShapes } from './SpatialShapes'
import { StateShapes } from './StateShapes'
import { type Editing, useDrag } from './use-drag'
import { linesBeside, spokenName } from './words'

export function MeasuringLayer(layer: LayerProps) {
  const { imageId } = layer.state
  if (imageId === undefined) return null
  return <OnImage layer={layer} imageId={imageId} />
}

function OnImage({ layer, imageId }: { readonly layer: LayerProps; readonly imageId: string }) {
  const { studyInstanceUid } = keyOf(imageId)
  const draft = useDraft(studyInstanceUid)
  if (!draft) return null
  return <Measured editing={{ studyInstanceUid, imageId, draft, layer }} />
}

function Measured({ editing }: { readonly editing: Editing }) {
  const { draft, layer, imageId, studyInstanceUid } = editing
  const { measurements } = useStore(draft.state)
  const { hidden, allHidden, reported } = useStore(desk)
  const { frame, activeTool } = layer
  const kind = kindOf(activeTool)
  const here = measurements.filter(({ sop_instance_uid, frame_number }) => sop_instance_uid === frame.sopInstanceUid && frame_number === frame.frameNumber)
  return (
    <>
      {kind && <DrawingSurface key={`${kind} ${imageId}`} kind={kind} editing={editing} />}
      {reported && !allHidden && <ReportedShapes studyInstanceUid={studyInstanceUid} layer={layer} />}
      {reported && !allHidden && <SpatialShapes studyInstanceUid={studyInstanceUid} layer={layer} />}
      {!allHidden && <StateShapes layer={layer} />}
      {!allHidden && here.filter(({ id }) => !hidden.has(id)).map((one) => <Editable key={one.id} measurement={one} editing={editing} />)}
    </>
  )
}

function Editable({ measurement, editing }: { readonly measurement: Measurement; readonly editing: Editing }) {
  const { t } = useTranslation()
  const { imageId, draft, layer, studyInstanceUid } = editing
  const chosen = useStore(desk).chosen?.id === measurement.id
  // A tool draws over what other tools have drawn; with its own it is also used to set right what it drew.
  const tool = kindOf(layer.activeTool)
  const held = tool === undefined || tool === measurement.kind
  const drag = useDrag(measurement, editing)
  const { id, kind } = measurement
  const live = drag.dragging && kind !== 'calibration'
  const found = live ? measuredQuickly(kind, drag.points, subjectOf(draft.state.get().measurements, imageId, layer.frame)) : undefined
  const shown = found ? { ...measurement, kind: found.kind, results: found.results } : measurement
  const remarks = found?.remarks ?? remarksOf(measurement, layer.frame)
  return (
    <g className={classes.shape} data-chosen={chosen} data-shape={kind} data-takes-keys>
      <g
        tabIndex={0}
        role="button"
        aria-pressed={chosen}
        aria-label={spokenName(t, shown)}
        onFocus={() => choose(studyInstanceUid, id)}
        onPointerDown={drag.down('whole')}
        onPointerMove={drag.move}
        onPointerUp={drag.up}
        onPointerCancel={drag.cancel}
        onKeyDown={drag.key('whole')}
      >
        <Lines kind={kind} points={drag.points} toScreen={layer.toScreen} held={held} />
        <Numbers id={id} points={drag.points} lines={linesBeside(t, shown, remarks)} toScreen={layer.toScreen} size={layer.size} />
      </g>
      {chosen && held && <Handles measurement={measurement} drag={drag} layer={layer} />}
    </g>
  )
}

interface HandlesProps {
  readonly measurement: Measurement
  readonly drag: ReturnType<typeof useDrag>
  readonly layer: LayerProps
}

/** A finger needs more room than a mouse. */
const HOLD_PX = window.matchMedia('(pointer: coarse)').matches ? 22 : 12

function Handles({ measurement, drag, layer }: HandlesProps) {
  const { t } = useTranslation()
  return handlesOf(measurement.kind, drag.points).map((point, index) => {
    const [x, y] = layer.toScreen(point)
    return (
      // oxlint-disable-next-line react/no-array-index-key -- a handle is its place in the shape
      <g key={index}>
        <circle
          cx={x}
          cy={y}
          r={HOLD_PX}
          className={classes.hold}
          data-takes-pointer
          data-handle={index}
          tabIndex={0}
          role="button"
          aria-label={t('measuring.handle', { number: index + 1 })}
          onPointerDown={drag.down(index)}
          onPointerMove={drag.move}
          onPointerUp={drag.up}
          onPointerCancel={drag.cancel}
          onKeyDown={drag.key(index)}
        />
        <circle cx={x} cy={y} r={5} className={classes.handle} />
      </g>
    )
  })
}
