/** The layers over every picture, from the lowest up. A topic adds its own line. */
import type { Layer } from '../../viewport/layers'
import { OverlayLayer } from '../../viewport/overlays/OverlayLayer'
import { MeasuringLayer } from './measuring/MeasuringLayer'
import { Crosshair } from './seeing/Crosshair'
import { Magnifier } from './seeing/Magnifier'
import { OverlayPlanes } from './seeing/OverlayPlanes'
import { ReferenceLines } from './seeing/ReferenceLines'
import { StackMarks } from './seeing/StackMarks'
import { WindowRegion } from './seeing/WindowRegion'

export const LAYERS: readonly Layer[] = [
  { id: 'overlays', Layer: OverlayLayer },
  { id: 'overlay-planes', Layer: OverlayPlanes },
  { id: 'reference-lines', Layer: ReferenceLines },
  { id: 'measuring', Layer: MeasuringLayer },
  { id: 'stack-marks', Layer: StackMarks },
  { id: 'crosshair', Layer: Crosshair },
  { id: 'window-region', Layer: WindowRegion },
  { id: 'magnifier', Layer: Magnifier },
]
