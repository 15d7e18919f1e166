/** The compressed frames of this page: one queue and one memory for all viewports. */
import { type Fetch, FrameFailure, type FrameBytes, fetchFrame } from './frame-fetch'
import { FrameQueue } from './frame-queue'
import { mostKeptBytes } from './kept-frames'
import { isLookedForward, previewOf } from './preview'

let fetcher: Fetch | undefined

export const frames = new FrameQueue((imageId, signal) => {
  const chosen = fetcher
  if (!chosen) return Promise.reject(new FrameFailure('lost'))
  return fetchFrame(chosen, imageId, signal, () => (isLookedForward(imageId) ? previewOf(imageId, chosen) : undefined))
}, mostKeptBytes((globalThis.navigator as { readonly deviceMemory?: number } | undefined)?.deviceMemory))

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
