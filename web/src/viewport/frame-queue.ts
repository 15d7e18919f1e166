/**
 * In which order the bytes of frames are fetched, for all viewports together: first the image that is waited for, then what every
 * viewport plans, nearest first. What has been scrolled away from is no longer waited for; on a slow line its transfer is broken off.
 */
import { createStore, type Store } from '../kit/store'
import type { FrameBytes } from './frame-fetch'
import { KeptFrames } from './kept-frames'
import { Pace } from './pace'

export type FetchBytesOfFrame = (imageId: string, signal: AbortSignal) => Promise<FrameBytes>

/** What one viewport needs. ahead: nearest first. */
export interface Plan {
  readonly shown: string | undefined
  readonly ahead: readonly string[]
}

interface Job {
  readonly imageId: string
  readonly coming: Promise<FrameBytes>
  readonly resolve: (frame: FrameBytes) => void
  readonly reject: (error: unknown) => void
  /** Whether a viewport shows nothing right until it is here. */
  urgent: boolean
  /** Whether anybody holds its promise; the others are only planned. */
  waitedFor: boolean
  transfer: AbortController | undefined
}

const CONNECTIONS = 6

export class FrameQueue {
  /** Whether bytes of frames are on their way or waited for. */
  readonly busy: Store<boolean> = createStore(false)
  private readonly jobs = new Map<string, Job>()
  private readonly plans = new Map<object, Plan>()
  private readonly failed = new Set<string>()
  private readonly listeners = new Set<(imageId: string) => void>()
  private readonly pace = new Pace()
  private readonly kept: KeptFrames
  private planned: ReadonlySet<string> | undefined

  constructor(
    private readonly fetchBytes: FetchBytesOfFrame,
    mostBytes: number,
  ) {
    this.kept = new KeptFrames(mostBytes, (imageId) => this.plannedFrames().has(imageId))
  }

  has(imageId: string): boolean {
    return this.kept.has(imageId)
  }

  get keptBytes(): number {
    return this.kept.bytes
  }

  /** The bytes of a frame, as soon as can be. Rejects with FrameFailure. */
  want(imageId: string): Promise<FrameBytes> {
    const here = this.kept.get(imageId)
    if (here) return Promise.resolve(here)
    const job = this.jobs.get(imageId) ?? this.newJob(imageId)
    job.urgent = true
    job.waitedFor = true
    this.advance()
    return job.coming
  }

  /** Says that a frame comes in another way; when it does not (undefined), it is fetched like any other. */
  expect(imageId: string, coming: Promise<FrameBytes | undefined>): void {
    if (this.kept.has(imageId) || this.jobs.has(imageId)) return
    const job = this.newJob(imageId)
    job.urgent = true
    job.transfer = new AbortController()
    void coming
      .catch(() => undefined)
      .then((frame) => {
        if (this.jobs.get(imageId) !== job) return
        job.transfer = undefined
        if (frame) this.arrived(job, frame)
        else if (!job.waitedFor) this.jobs.delete(imageId)
        this.advance()
      })
  }

  /** What a viewport needs from now on; undefined: nothing any more. */
  plan(viewport: object, plan: Plan | undefined): void {
    if (plan) this.plans.set(viewport, plan)
    else this.plans.delete(viewport)
    this.planned = undefined
    const shown = new Set([...this.plans.values()].map((one) => one.shown))
    for (const job of this.jobs.values()) if (plan) job.urgent = shown.has(job.imageId)
    this.advance()
  }

  /** Frames that failed in the background may be tried again. */
  forgetFailures(): void {
    this.failed.clear()
  }

  /** Whether nothing is on its way and nothing of a plan is still to be fetched. */
  get isQuiet(): boolean {
    return this.jobs.size === 0 && this.nextPlanned() === undefined
  }

  /** How many frames of one plan are kept at most. */
  affordable(): number {
    const typical = this.kept.typicalBytes
    return typical === 0 ? Number.MAX_SAFE_INTEGER : Math.max(8, Math.floor((0.9 * this.kept.mostBytes) / typical / Math.max(1, this.plans.size)))
  }

  /** Tells of every frame that comes in; the returned function ends it. */
  onArrival(listener: (imageId: string) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Breaks off everything: whoever waits is refused with the reason. */
  abort(reason: unknown): void {
    this.plans.clear()
    this.planned = undefined
    for (const job of this.jobs.values()) {
      this.jobs.delete(job.imageId)
      const { transfer } = job
      job.transfer = undefined
      transfer?.abort()
      job.reject(reason)
    }
    this.busy.set(false)
  }

  /** Forgets the bytes of frames. */
  forget(imageIds: readonly string[]): void {
    for (const imageId of imageIds) this.kept.remove(imageId)
  }

  /** Whether there is nothing more to do for a frame: it is here, or it failed. */
  isSettled(imageId: string): boolean {
    return this.kept.has(imageId) || this.failed.has(imageId)
  }

  private newJob(imageId: string): Job {
    let [resolve, reject]: [Job['resolve'], Job['reject']] = [() => undefined, () => undefined]
    const coming = new Promise<FrameBytes>((...ends) => ([resolve, reject] = ends))
    coming.catch(() => undefined)
    const job: Job = { imageId, coming, resolve, reject, urgent: false, waitedFor: false, transfer: undefined }
    this.jobs.set(imageId, job)
    this.busy.set(true)
    return job
  }

  private advance(): void {
    const waiting = [...this.jobs.values()].filter((job) => !job.transfer)
    const urgent = waiting.filter((job) => job.urgent)
    if (urgent.length > 0 && this.pace.slow) this.breakOffOthers()
    for (const job of urgent) if (this.running() < CONNECTIONS) void this.run(job)
    for (const job of waiting) if (!job.urgent && this.running() < this.pace.atOnce) void this.run(job)
    while (this.running() < this.pace.atOnce) {
      const imageId = this.nextPlanned()
      if (imageId === undefined) break
      void this.run(this.newJob(imageId))
    }
    this.busy.set(this.jobs.size > 0)
  }

  private running(): number {
    let count = 0
    for (const job of this.jobs.values()) if (job.transfer) count += 1
    return count
  }

  private breakOffOthers(): void {
    for (const job of this.jobs.values()) {
      if (job.urgent || !job.transfer) continue
      const { transfer } = job
      job.transfer = undefined
      transfer.abort()
      if (!job.waitedFor) this.jobs.delete(job.imageId)
    }
  }

  /** The nearest frame of a plan that is neither here nor on its way; the plans take turns by how near it is. */
  private nextPlanned(): string | undefined {
    const most = this.affordable()
    let nearest: { at: number; imageId: string } | undefined
    for (const { ahead } of this.plans.values()) {
      const end = Math.min(ahead.length, most, nearest?.at ?? Number.MAX_SAFE_INTEGER)
      for (let at = 0; at < end; at += 1) {
        const imageId = ahead[at] ?? ''
        if (this.kept.has(imageId) || this.jobs.has(imageId) || this.failed.has(imageId)) continue
        nearest = { at, imageId }
        break
      }
    }
    return nearest?.imageId
  }

  private plannedFrames(): ReadonlySet<string> {
    const most = this.affordable()
    this.planned ??= new Set([...this.plans.values()].flatMap(({ shown, ahead }) => [shown ?? '', ...ahead.slice(0, most)]))
    return this.planned
  }

  private async run(job: Job): Promise<void> {
    const transfer = new AbortController()
    job.transfer = transfer
    const began = performance.now()
    try {
      const frame = await this.fetchBytes(job.imageId, transfer.signal)
      if (job.transfer !== transfer) return
      this.pace.report(performance.now() - began)
      this.arrived(job, frame)
    } catch (error) {
      if (job.transfer !== transfer) return
      this.jobs.delete(job.imageId)
      this.failed.add(job.imageId)
      job.reject(error)
    }
    this.advance()
  }

  private arrived(job: Job, frame: FrameBytes): void {
    this.jobs.delete(job.imageId)
    this.failed.delete(job.imageId)
    this.kept.put(job.imageId, frame)
    job.resolve(frame)
    for (const listener of this.listeners) listener(job.imageId)
  }
}
