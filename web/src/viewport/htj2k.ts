/** Decoding the frames of our packs: HTJ2K, one sample to a pixel, in threads of our own. */
import { endsWhole } from '../dicomweb/code-stream-head'
import type { Frame } from '../dicomweb/frame'
import { inlineBytes } from '../dicomweb/json'
import { FrameFailure } from './frame-fetch'
import type { Decoded, DecodeAsked } from './htj2k-worker'

/** Two decode several hundred slices of CT a second; each has 50 MB of memory from the start. */
const MOST_THREADS = 2
const HTJ2K: ReadonlySet<string> = new Set(['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203'])
/** The numbers 0 to 63 as a reversible code stream, made by the encoder of our packs. */
export const SMALL =
  '/0//UQApQAAAAAAIAAAACAAAAAAAAAAAAAAACAAAAAgAAAAAAAAAAAABjwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQ' +
  'SCBWZXIgMC4yNi4zLv+QAAoAAAAAAEwAAf+TwAAl6gAHdAAAAMAAEsAAEoD4AEd0AMgAh3QAwAASQAATAPwScwCi+AADVADAACWAAE7woAvkAG77wEnstQD/2Q=='

export function isHtj2k(syntax: string): boolean {
  return HTJ2K.has(syntax)
}

const threads: Worker[] = []
const waiting = new Map<number, (pixels: Uint8Array | undefined) => void>()
let asked = 0
let usable = true

function newThread(): Worker {
  const thread = new Worker(new URL('./htj2k-worker.ts', import.meta.url), { type: 'module' })
  thread.addEventListener('message', ({ data }: MessageEvent<Decoded>) => {
    waiting.get(data.id)?.(data.pixels)
    waiting.delete(data.id)
  })
  // A thread that cannot even start answers nobody: whoever waits goes the general way.
  thread.addEventListener('error', () => {
    for (const tell of waiting.values()) tell(undefined)
    waiting.clear()
    usable = false
  })
  return thread
}

function nextThread(): Worker {
  const most = Math.min(MOST_THREADS, Math.max(1, (navigator.hardwareConcurrency || 2) - 1))
  if (threads.length < most) threads.push(newThread())
  return threads[asked % threads.length] as Worker
}

function decoded(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const thread = nextThread()
  const id = (asked += 1)
  const copy = bytes.slice()
  return new Promise((resolve) => {
    waiting.set(id, resolve)
    thread.postMessage({ id, bytes: copy } satisfies DecodeAsked, [copy.buffer])
  })
}

/** The native samples of a frame; undefined when it is of another kind, cannot be decoded, or is not as its header says. Rejects when it is torn. */
export async function nativeFromHtj2k(bytes: Uint8Array, syntax: string, frame: Frame): Promise<Uint8Array | undefined> {
  if (isHtj2k(syntax) && !endsWhole(bytes)) throw new FrameFailure('undecodable')
  if (!usable || !isHtj2k(syntax) || frame.samplesPerPixel !== 1) return undefined
  const pixels = await decoded(bytes)
  return pixels?.length === (frame.rows * frame.columns * frame.bitsAllocated) / 8 ? pixels : undefined
}

/** Decodes eight by eight pixels, so that the decoder is fetched and compiled before the first picture needs it. */
export function warmDecoder(): void {
  const bytes = inlineBytes({ vr: 'OB', InlineBinary: SMALL })
  if (bytes) void decoded(bytes)
}
