/** The layers over every picture, from the lowest up. A topic adds its own line. */
import type { Layer } from '../../viewport/layers'
import { OverlayLayer } from '../../viewport/overlays/OverlayLayer'
import { MeasuringLayer } from './measuring/MeasuringLayer'

export const LAYERS: readonly Layer[] = [
  { id: 'overlays', Layer: OverlayLayer },
  { id: 'measuring', Layer: MeasuringLayer },
]
