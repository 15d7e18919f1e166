/** Asking the worker of overlays. */
import type { Drawing, Look, OverlayAnswer, OverlayDescription, OverlayRequest, Target } from './protocol'
import { OverlayError } from './protocol'

type Settle = (answer: OverlayAnswer) => void
/** Without its number, kind by kind. */
type Question = OverlayRequest extends infer One ? (One extends OverlayRequest ? Omit<One, 'call'> : never) : never

const waiting = new Map<number, Settle>()
let worker: Worker | undefined
let calls = 0

function theWorker(): Worker {
  if (worker) return worker
  worker = new Worker(new URL('./overlay.worker.ts', import.meta.url), { type: 'module' })
  worker.addEventListener('message', (event: MessageEvent<OverlayAnswer>) => {
    waiting.get(event.data.call)?.(event.data)
    waiting.delete(event.data.call)
  })
  worker.addEventListener('error', () => {
    // A worker that died answers nobody: who waits is told, and the next question starts a new one.
    for (const [call, settle] of waiting) settle({ call, failure: 'unreadable' })
    waiting.clear()
    worker = undefined
  })
  return worker
}

function ask<T>(question: Question): Promise<T> {
  calls += 1
  const call = calls
  return new Promise<T>((resolve, reject) => {
    waiting.set(call, (answer) => ('failure' in answer ? reject(new OverlayError(answer.failure)) : resolve(answer.value as T)))
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
    theWorker().postMessage({ ...question, call })
  })
}

export function openOverlay(address: string): Promise<OverlayDescription> {
  return ask({ type: 'open', address })
}

export function drawOverlay(address: string, target: Target, look: Look): Promise<Drawing> {
  return ask({ type: 'draw', address, target, look })
}

/** Lets go of what the worker keeps of an object. */
export function closeOverlay(address: string): Promise<void> {
  return ask({ type: 'close', address })
}
