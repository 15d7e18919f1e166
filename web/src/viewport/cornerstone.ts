/** Starting cornerstone3D once: rendering, decoding workers, our loader and our metadata. */
import {
  cache,
  getRenderingCapabilities,
  getRenderingEngine,
  imageLoader,
  init as initCore,
  metaData,
  RenderingEngine,
  setUseCPURendering,
} from '@cornerstonejs/core'
import { init as initDecoders } from '@cornerstonejs/dicom-image-loader'
import { init as initTools } from '@cornerstonejs/tools'

import { IMAGE_SCHEME } from '../dicomweb/addresses'
import { warmDecoder } from './htj2k'
import { type Fetch, FrameFailure, frameLoader } from './loader'
import { frameMetadata } from './metadata-provider'
import { addTools } from './tools'

const ENGINE = 'isocenter'

/** Decoded pixels in memory: about 180 slices of CT. Their compressed bytes are kept apart (frame-bytes.ts) and soon decoded again. */
const DECODED_BYTES = 96 * 1024 ** 2

/**
 * Where the graphics are only emulated (remote desktops, virtual machines, no driver) drawing without them is several times faster.
 * localStorage 'isocenter.rendering' = 'cpu' | 'gpu' decides instead: for tests, and for people with odd graphics drivers.
 */
function drawsWithoutGraphics(): boolean {
  const chosen = localStorage.getItem('isocenter.rendering')
  if (chosen === 'cpu' || chosen === 'gpu') return chosen === 'cpu'
  const { webgl, softwareRasterizer } = getRenderingCapabilities()
  return !webgl || softwareRasterizer
}

function decodingWorkers(): number {
  return Math.min(6, Math.max(1, (navigator.hardwareConcurrency || 2) - 1))
}

let started = false

/** Makes ready to draw. Cheap when called again. */
export function startCornerstone(fetcher: Fetch): void {
  if (started) return
  started = true
  initCore()
  if (drawsWithoutGraphics()) setUseCPURendering(true)
  initDecoders({ maxWebWorkers: decodingWorkers() })
  initTools()
  addTools()
  cache.setMaxCacheSize(DECODED_BYTES)
  window.addEventListener('unhandledrejection', (event) => {
    // cornerstone lets the promise of a scrolled-to image go; what went wrong with it is told in its viewport.
    if (event.reason instanceof FrameFailure) event.preventDefault()
  })
  imageLoader.registerImageLoader(IMAGE_SCHEME, frameLoader(fetcher))
  metaData.addProvider(frameMetadata, 10_000)
  warmDecoder()
}

/** The one engine that draws all viewports. */
export function engine(): RenderingEngine {
  return (getRenderingEngine(ENGINE) as RenderingEngine | undefined) ?? new RenderingEngine(ENGINE)
}
