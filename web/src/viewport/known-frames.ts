/** What is known of each frame by its image id; the loader may wait here for a frame whose metadata is still on the way. */
import type { Frame } from '../dicomweb/frame'

const frames = new Map<string, Frame>()
const waiting = new Map<string, ((frame: Frame) => void)[]>()

export function rememberFrame(imageId: string, frame: Frame): void {
  frames.set(imageId, frame)
  for (const resolve of waiting.get(imageId) ?? []) resolve(frame)
  waiting.delete(imageId)
}

export function frameOf(imageId: string | undefined): Frame | undefined {
  return imageId === undefined ? undefined : frames.get(imageId)
}

/** Resolves when the frame is known; rejects when the signal aborts first. */
export function frameKnown(imageId: string, signal: AbortSignal): Promise<Frame> {
  const known = frames.get(imageId)
  if (known) return Promise.resolve(known)
  return new Promise((resolve, reject) => {
    waiting.set(imageId, [...(waiting.get(imageId) ?? []), resolve])
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

/** Forgets what is known of frames that nothing shows any more. */
export function forgetKnown(imageIds: readonly string[]): void {
  for (const imageId of imageIds) frames.delete(imageId)
}
