/** The worker of overlays: fetching, reading and painting happen here, so that the page never stands still for them. */
import { SOP } from '../../dicomweb/sop-classes'
import { text } from '../../dicomweb/json'
import { TAG } from '../../dicomweb/tags'
import { openContours } from './contours'
import { metadataAt } from './frames'
import { openMask, type OpenOverlay } from './masks'
import { type OverlayAnswer, OverlayError, type OverlayRequest } from './protocol'
import { openDose, openParametricMap } from './values'

const opened = new Map<string, Promise<OpenOverlay>>()

async function open(address: string): Promise<OpenOverlay> {
  const dataSet = await metadataAt(address)
  switch (text(dataSet, TAG.SOPClassUID)) {
    case SOP.Segmentation:
    case SOP.LabelMapSegmentation:
      return openMask(address, dataSet)
    case SOP.RtStructureSet:
      return openContours(address, dataSet)
    case SOP.ParametricMap:
      return openParametricMap(address, dataSet)
    case SOP.RtDose:
      return openDose(address, dataSet)
    default:
      throw new OverlayError('unreadable')
  }
}

function overlayAt(address: string): Promise<OpenOverlay> {
  const known = opened.get(address)
  if (known) return known
  const made = open(address)
  opened.set(address, made)
  made.catch(() => opened.delete(address))
  return made
}

async function answerTo(request: OverlayRequest): Promise<OverlayAnswer> {
  const { call } = request
  try {
    if (request.type === 'close') opened.delete(request.address)
    if (request.type === 'open') return { call, value: (await overlayAt(request.address)).description }
    if (request.type === 'draw') return { call, value: await (await overlayAt(request.address)).draw(request.target, request.look) }
    return { call, value: undefined }
  } catch (error) {
    return { call, failure: error instanceof OverlayError ? error.reason : 'unreadable' }
  }
}

globalThis.addEventListener('message', (event: MessageEvent<OverlayRequest>) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no target but its page
  void answerTo(event.data).then((answer) => (globalThis as unknown as Worker).postMessage(answer))
})
