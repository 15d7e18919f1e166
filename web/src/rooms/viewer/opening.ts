/**
 * Opening a study with one question: the answer holds the study, then the header of its first picture, then that picture's bytes.
 * Each is used as soon as it is there. What does not come is asked for by name, as it always can be.
 * A study that is likely to be opened next can be fetched ahead: one at a time, kept for a while, nothing of it on screen.
 */
import { ApiError, reasonOf, watchedFetch } from '../../api/client'
import type { Study } from '../../api/types'
import { type FrameKey, imageIdOf } from '../../dicomweb/addresses'
import type { DataSet } from '../../dicomweb/json'
import type { Part } from '../../dicomweb/multipart'
import { transferSyntaxOf } from '../../dicomweb/multipart'
import { readParts } from '../../dicomweb/part-stream'
import { createStore, type Store } from '../../kit/store'
import { frames } from '../../viewport/frame-bytes'
import type { FrameBytes, OnBeginning } from '../../viewport/frame-fetch'
import { previewOf } from '../../viewport/preview'

interface Opening {
  readonly study: Promise<Study>
  /** DICOM JSON of the first picture's instance; undefined when it does not come. */
  readonly header: Promise<readonly DataSet[] | undefined>
  /** When everything is there, or nothing more comes. Never rejects. */
  readonly over: Promise<void>
  readonly pixels: Promise<FrameBytes | undefined>
  readonly transfer: AbortController
  first: FrameKey | undefined
  /** Nobody has opened it yet. claimed: somebody is about to. */
  ahead: 'fetched' | 'claimed' | undefined
}

/** An answer that nobody took up is worth nothing after this. */
const KEPT_MS = 10_000
/** What was fetched ahead is fetched anew after this. */
const AHEAD_KEPT_MS = 300_000

const openings = new Map<string, Opening>()

/** The study that has come ahead, whole. */
export const fetchedAhead: Store<string | undefined> = createStore<string | undefined>(undefined)

/** The study, asked for together with its first picture. */
export function openStudy(studyInstanceUid: string, signal: AbortSignal): Promise<Study> {
  const opening = openings.get(studyInstanceUid) ?? begin(studyInstanceUid)
  if (opening.ahead) takeUp(studyInstanceUid, opening)
  signal.addEventListener('abort', () => opening.transfer.abort(), { once: true })
  return opening.study
}

/** Asks already, because a finger is on the link of a study. */
export function openEarly(studyInstanceUid: string): void {
  if (!openings.has(studyInstanceUid)) begin(studyInstanceUid)
}

/** Fetches a study that nobody has opened; what else was fetched ahead is forgotten. Whether it is worth asking again later. */
export async function openAhead(studyInstanceUid: string): Promise<boolean> {
  if (openings.has(studyInstanceUid)) return true
  forgetAhead()
  const opening = begin(studyInstanceUid, true)
  try {
    await opening.study
    await opening.over
    return true
  } catch (error) {
    return !(error instanceof ApiError && error.status < 500)
  }
}

/** Whether a study is here, or on its way, that nobody has opened. */
export function isAhead(studyInstanceUid: string): boolean {
  return openings.get(studyInstanceUid)?.ahead !== undefined
}

/** The study is going to be opened: leaving the one on screen does not break it off. */
export function claimAhead(studyInstanceUid: string): void {
  const opening = openings.get(studyInstanceUid)
  if (opening?.ahead) opening.ahead = 'claimed'
}

/** Breaks off what is still on its way. */
export function breakOffAhead(): void {
  for (const [uid, { ahead, transfer }] of openings) if (ahead === 'fetched' && fetchedAhead.get() !== uid) transfer.abort()
}

/** Forgets what nobody has opened, whether here or on its way. */
export function forgetAhead(): void {
  for (const [uid, { ahead, transfer }] of openings) {
    if (ahead !== 'fetched') continue
    openings.delete(uid)
    transfer.abort()
  }
  fetchedAhead.set(undefined)
}

function takeUp(studyInstanceUid: string, opening: Opening): void {
  opening.ahead = undefined
  fetchedAhead.set((uid) => (uid === studyInstanceUid ? undefined : uid))
  void opening.study.then(
    () => opening.first && frames.expect(imageIdOf(opening.first), opening.pixels),
    () => undefined,
  )
  void opening.over.then(() => setTimeout(() => forget(studyInstanceUid, opening), KEPT_MS))
}

/** The study may not be seen: nothing of its opening is given out any more. */
export function forgetOpening(studyInstanceUid: string): void {
  openings.get(studyInstanceUid)?.transfer.abort()
  openings.delete(studyInstanceUid)
}

function forget(studyInstanceUid: string, opening: Opening): void {
  if (openings.get(studyInstanceUid) !== opening) return
  openings.delete(studyInstanceUid)
  fetchedAhead.set((uid) => (uid === studyInstanceUid ? undefined : uid))
}

/** The header of an instance if it came, or is coming, with the study. */
export async function openedHeader(studyInstanceUid: string, sopInstanceUid: string): Promise<readonly DataSet[] | undefined> {
  const opening = openings.get(studyInstanceUid)
  return opening?.first?.sopInstanceUid === sopInstanceUid ? opening.header : undefined
}

/** Resolves when the first picture of a study has the line no longer to itself. */
export function firstPictureOver(studyInstanceUid: string): Promise<void> {
  return openings.get(studyInstanceUid)?.over ?? Promise.resolve()
}

function deferred<T>() {
  let [resolve, reject]: [(value: T) => void, (error: unknown) => void] = [() => undefined, () => undefined]
  const promise = new Promise<T>((...ends) => ([resolve, reject] = ends))
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

function begin(studyInstanceUid: string, ahead = false): Opening {
  const transfer = new AbortController()
  const study = deferred<Study>()
  const header = deferred<readonly DataSet[] | undefined>()
  const pixels = deferred<FrameBytes | undefined>()
  const over = deferred<void>()
  const coming = { study: study.promise, header: header.promise, pixels: pixels.promise, over: over.promise }
  const opening: Opening = { ...coming, transfer, first: undefined, ahead: ahead ? 'fetched' : undefined }
  openings.set(studyInstanceUid, opening)

  let beginning: OnBeginning | undefined
  const onPart = ({ contentType, bytes }: Part, number: number): void => {
    if (number === 2) return pixels.resolve({ bytes, syntax: transferSyntaxOf(contentType) ?? '' })
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (number === 1) return header.resolve(json as DataSet[])
    const found = json as Study
    const first = firstFrameOf(found)
    opening.first = first
    if (first && !opening.ahead) {
      frames.expect(imageIdOf(first), pixels.promise)
      beginning = previewOf(imageIdOf(first), watchedFetch)
    }
    study.resolve(found)
  }
  const onSome = (contentType: string, bytes: Uint8Array, length: number, number: number): void => {
    if (number === 2) beginning?.(contentType, bytes, length)
  }
  const end = (error?: unknown): void => {
    study.reject(error ?? new ApiError(502, 'torn'))
    header.resolve(undefined)
    pixels.resolve(undefined)
    over.resolve()
    if (error !== undefined) return forget(studyInstanceUid, opening)
    if (opening.ahead) fetchedAhead.set(studyInstanceUid)
    const stillAhead = () => opening.ahead !== undefined
    setTimeout(() => (!ahead || stillAhead()) && forget(studyInstanceUid, opening), ahead ? AHEAD_KEPT_MS : KEPT_MS)
  }
  ask(studyInstanceUid, transfer.signal, ahead)
    .then((body) => readParts(body, { onPart, onSome }))
    .then(() => end(), end)
  return opening
}

async function ask(studyInstanceUid: string, signal: AbortSignal, ahead: boolean): Promise<ReadableStream<Uint8Array>> {
  const headers = { 'X-Isocenter': '1', Accept: 'multipart/related, application/json;q=0.5' }
  const address = `/api/studies/${encodeURIComponent(studyInstanceUid)}/opening${ahead ? '?ahead=true' : ''}`
  const response = await watchedFetch(new Request(address, { headers, signal, priority: ahead ? 'low' : 'auto' }))
  if (response.ok && response.body) return response.body
  throw new ApiError(response.status, reasonOf(await response.json().catch(() => undefined)))
}

/** The frame that is shown first, which comes with the study; undefined when nothing can be drawn. */
function firstFrameOf(study: Study): FrameKey | undefined {
  const series = study.series.find((one) => one.drawable && one.first)
  if (!series?.first) return undefined
  const { study_instance_uid: studyInstanceUid } = study
  return { studyInstanceUid, seriesInstanceUid: series.series_instance_uid, sopInstanceUid: series.first.sop_instance_uid, frameNumber: 1 }
}
