/**
 * Opening a study with one question: the answer holds the study, then the header of its first picture, then that picture's bytes.
 * Each is used as soon as it is there. What does not come is asked for by name, as it always can be.
 */
import { ApiError, reasonOf, watchedFetch } from '../../api/client'
import type { Study } from '../../api/types'
import { type FrameKey, imageIdOf } from '../../dicomweb/addresses'
import type { DataSet } from '../../dicomweb/json'
import type { Part } from '../../dicomweb/multipart'
import { transferSyntaxOf } from '../../dicomweb/multipart'
import { readParts } from '../../dicomweb/part-stream'
import { frames } from '../../viewport/frame-bytes'
import type { FrameBytes, OnBeginning } from '../../viewport/frame-fetch'
import { previewOf } from '../../viewport/preview'

interface Opening {
  readonly study: Promise<Study>
  /** DICOM JSON of the first picture's instance; undefined when it does not come. */
  readonly header: Promise<readonly DataSet[] | undefined>
  /** When everything is there, or nothing more comes. Never rejects. */
  readonly over: Promise<void>
  readonly transfer: AbortController
  firstInstance: string | undefined
}

/** An answer that nobody took up is worth nothing after this. */
const KEPT_MS = 10_000

const openings = new Map<string, Opening>()

/** The study, asked for together with its first picture. */
export function openStudy(studyInstanceUid: string, signal: AbortSignal): Promise<Study> {
  const opening = openings.get(studyInstanceUid) ?? begin(studyInstanceUid)
  signal.addEventListener('abort', () => opening.transfer.abort(), { once: true })
  return opening.study
}

/** Asks already, because a finger is on the link of a study. */
export function openEarly(studyInstanceUid: string): void {
  if (!openings.has(studyInstanceUid)) begin(studyInstanceUid)
}

/** The header of an instance if it came, or is coming, with the study. */
export async function openedHeader(studyInstanceUid: string, sopInstanceUid: string): Promise<readonly DataSet[] | undefined> {
  const opening = openings.get(studyInstanceUid)
  return opening?.firstInstance === sopInstanceUid ? opening.header : undefined
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

function begin(studyInstanceUid: string): Opening {
  const transfer = new AbortController()
  const study = deferred<Study>()
  const header = deferred<readonly DataSet[] | undefined>()
  const pixels = deferred<FrameBytes | undefined>()
  const over = deferred<void>()
  const opening: Opening = { study: study.promise, header: header.promise, over: over.promise, transfer, firstInstance: undefined }
  openings.set(studyInstanceUid, opening)

  let beginning: OnBeginning | undefined
  const onPart = ({ contentType, bytes }: Part, number: number): void => {
    if (number === 2) return pixels.resolve({ bytes, syntax: transferSyntaxOf(contentType) ?? '' })
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (number === 1) return header.resolve(json as DataSet[])
    const found = json as Study
    const first = firstFrameOf(found)
    opening.firstInstance = first?.sopInstanceUid
    if (first) {
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
    const forget = () => openings.get(studyInstanceUid) === opening && openings.delete(studyInstanceUid)
    if (error === undefined) setTimeout(forget, KEPT_MS)
    else forget()
  }
  ask(studyInstanceUid, transfer.signal)
    .then((body) => readParts(body, { onPart, onSome }))
    .then(() => end(), end)
  return opening
}

async function ask(studyInstanceUid: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
  const headers = { 'X-Isocenter': '1', Accept: 'multipart/related, application/json;q=0.5' }
  const response = await watchedFetch(new Request(`/api/studies/${encodeURIComponent(studyInstanceUid)}/opening`, { headers, signal }))
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
