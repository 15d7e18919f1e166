/**
 * A picture drawn from the beginning of its code stream while the rest comes over a slow line. It is only looked at: it never becomes a
 * frame, nothing is measured on it, and it is forgotten when nobody waits for the picture any more.
 */
import { effectiveSyntax } from '../dicomweb/code-stream'
import { halvingsFor, leastBytes, type Resolutions, resolutionsOf } from '../dicomweb/code-stream-head'
import type { Frame } from '../dicomweb/frame'
import { transferSyntaxOf } from '../dicomweb/multipart'
import { createStore } from '../kit/store'
import { bulkBytes, type Fetch, type OnBeginning } from './frame-fetch'
import { isHtj2k } from './htj2k'
import { frameOf } from './known-frames'
import { PreviewCourse } from './preview-course'
import { previewGreys } from './preview-greys'
import type { Preview, PreviewAsked, PreviewDrawn } from './preview-drawing'

export type { Preview } from './preview-drawing'

/** Of one preview: about what a viewport has. */
const MOST_PIXELS = 1_500_000
/** More viewports than these wait without. */
const MOST_PREVIEWS = 4
/** So long a grey table of a file may take that is not in its header. */
const TABLE_MS = 10_000

export const previews = createStore<ReadonlyMap<string, Preview>>(new Map())
const lookedForward = new Map<string, number>()
let thread: Worker | undefined
let busy = false

/** A viewport shows nothing until this picture is here; the returned function says that it does, or shows something else. */
export function lookForward(imageId: string): () => void {
  lookedForward.set(imageId, (lookedForward.get(imageId) ?? 0) + 1)
  return () => {
    const others = (lookedForward.get(imageId) ?? 1) - 1
    if (others > 0) return void lookedForward.set(imageId, others)
    lookedForward.delete(imageId)
    forget(imageId)
  }
}

export function isLookedForward(imageId: string): boolean {
  return lookedForward.has(imageId) && (previews.get().has(imageId) || previews.get().size < MOST_PREVIEWS)
}

function forget(imageId: string): void {
  if (previews.get().has(imageId)) previews.set((now) => new Map([...now].filter(([other]) => other !== imageId)))
  if (lookedForward.size === 0) end()
}

/** Ends the thread, and with it all its memory. */
function end(): void {
  thread?.terminate()
  thread = undefined
  busy = false
}

function started(): Worker {
  const made = new Worker(new URL('./htj2k-worker.ts', import.meta.url), { type: 'module' })
  made.addEventListener('message', ({ data }: MessageEvent<PreviewDrawn>) => {
    busy = false
    const { imageId, preview } = data
    if (!preview) end()
    else if (isLookedForward(imageId)) previews.set((now) => new Map([...now, [imageId, preview]]))
  })
  made.addEventListener('error', end)
  return made
}

function draw(asked: PreviewAsked): void {
  thread ??= started()
  busy = true
  thread.postMessage(asked, [asked.bytes.buffer])
}

/** What the header of the object says must be what the code stream says. */
function agrees({ rows, columns, bits, signed }: Resolutions, frame: Frame): boolean {
  const wide = bits > 8 ? 16 : 8
  return rows === frame.rows && columns === frame.columns && wide === frame.bitsAllocated && signed === (frame.pixelRepresentation === 1)
}

function isCompressed(contentType: string, bytes: Uint8Array): boolean {
  const labelled = transferSyntaxOf(contentType)
  return labelled !== undefined && isHtj2k(labelled) && isHtj2k(effectiveSyntax(labelled, bytes, Number.MAX_SAFE_INTEGER))
}

/** Hears one transfer of a frame and draws what has come of it, as long as somebody waits for nothing else. */
export function previewOf(imageId: string, fetcher: Fetch): OnBeginning {
  const course = new PreviewCourse()
  let head: Resolutions | undefined
  let greys: Uint8Array | undefined
  let asked = false
  const ask = (frame: Frame): void => {
    asked = true
    const fetchBytes = (address: string) => bulkBytes(fetcher, address, AbortSignal.timeout(TABLE_MS))
    previewGreys(frame, fetchBytes).then((found) => (greys = found)).catch(() => undefined)
  }
  const hear: OnBeginning = (contentType, bytes, length) => {
    head ??= isCompressed(contentType, bytes) ? resolutionsOf(bytes) : undefined
    const [frame, halvings] = [frameOf(imageId), head && halvingsFor(head, MOST_PIXELS)]
    if (!head || !frame || halvings === undefined || !agrees(head, frame) || !isLookedForward(imageId)) return
    if (!course.isSlow(bytes.length, length, performance.now())) return
    if (!asked) ask(frame)
    if (greys && !busy && course.isDue(bytes.length, length, leastBytes(head))) draw({ imageId, bytes: bytes.slice(), halvings, greys })
  }
  return (contentType, bytes, length) => {
    try {
      hear(contentType, bytes, length)
    } catch {
      // Whatever is wrong with a preview, its picture comes.
      end()
    }
  }
}
