/** The compressed frames of this page: one queue and one memory for all viewports. */
import { type Fetch, FrameFailure, type FrameBytes, fetchFrame } from './frame-fetch'
import { FrameQueue } from './frame-queue'
import { isLookedForward, previewOf } from './preview'

/** About 1,100 slices of CT as our packs hold them. */
const MOST_BYTES = 256 * 1024 ** 2

let fetcher: Fetch | undefined

export const frames = new FrameQueue((imageId, signal) => {
  const chosen = fetcher
  if (!chosen) return Promise.reject(new FrameFailure('lost'))
  return fetchFrame(chosen, imageId, signal, () => (isLookedForward(imageId) ? previewOf(imageId, chosen) : undefined))
}, MOST_BYTES)

/** Says how the server is asked. */
export function fetchFramesWith(chosen: Fetch): void {
  fetcher = chosen
}

/** The bytes of one frame as soon as can be. Rejects with FrameFailure. */
export function wantFrame(imageId: string): Promise<FrameBytes> {
  return frames.want(imageId)
}

/** Breaks off all fetching: called when the viewer is left. */
export function abortFrames(): void {
  frames.abort(new FrameFailure('lost'))
}
