/** The layers over every picture, from the lowest up. A topic adds its own line. */
import type { Layer } from '../../viewport/layers'
import { MeasuringLayer } from './measuring/MeasuringLayer'

export const LAYERS: readonly Layer[] = [{ id: 'measuring', Layer: MeasuringLayer }]
