/** Making, changing and deleting measurements, so that each can be undone. */
import { frameOf } from '../../../viewport/known-frames'
import { modalityPixels } from '../../../viewport/grey'
import { imageIdOf, keyOf } from '../../../dicomweb/addresses'
import type { Frame } from '../../../dicomweb/frame'
import { isNothing, keptPoints } from '../../../measuring/editing'
import { calibrationFrom, measure, type Measured, type Remark, type Subject } from '../../../measuring/measure'
import type { ImagePoint, Measurement, MeasurementKind } from '../../../measuring/measurement'
import type { PixelValues } from '../../../measuring/region'
import { historyOf } from '../history'
import { desk, roomHistory } from './desk'
import type { Draft } from './draft'

type Points = readonly ImagePoint[]

/** Pixels that are looked at while a region is being drawn; a larger one gets its numbers when the hand lets go. */
const QUICK_PIXELS = 400_000

/** The values of an image that is in memory, after its modality table; undefined where they are not those of the file. */
export function valuesOf(imageId: string): PixelValues | undefined {
  const found = modalityPixels(imageId)
  if (!found) return undefined
  const { pixels, rows, columns, scale } = found
  const { slope, intercept, padding } = scale
  const at = (index: number): number => {
    const pixel = pixels[index] ?? Number.NaN
    return padding && pixel >= padding[0] && pixel <= padding[1] ? Number.NaN : pixel * slope + intercept
  }
  return { rows, columns, at }
}

/** The reader's own calibration of an image, if she drew one. */
function calibrationOf(all: readonly Measurement[], frame: Frame): Measurement | undefined {
  return all.findLast(({ kind, sop_instance_uid, calibration }) => kind === 'calibration' && calibration && sop_instance_uid === frame.sopInstanceUid)
}

export function subjectOf(all: readonly Measurement[], imageId: string, frame: Frame): Subject {
  const drawn = calibrationOf(all, frame)
  const calibration = drawn?.calibration && { ...drawn.calibration, of_measurement: drawn.id }
  return { frame, values: valuesOf(imageId), calibration, suv: desk.get().suv }
}

/** The numbers while the hand is still moving. */
export function measuredQuickly(kind: MeasurementKind, points: Points, subject: Subject): Measured {
  const [columns, rows] = [0, 1].map((axis) => points.map((point) => point[axis] ?? 0)) as [number[], number[]]
  const pixels = (Math.max(...columns) - Math.min(...columns)) * (Math.max(...rows) - Math.min(...rows))
  return measure(kind, points, pixels > QUICK_PIXELS ? { ...subject, values: undefined } : subject)
}

function now(): string {
  return new Date().toISOString()
}

function withNumbers(measurement: Measurement, found: Measured): Measurement {
  const { calibration: _, ...rest } = measurement
  return {
    ...rest,
    kind: found.kind,
    results: found.results,
    spacing_source: found.spacing_source,
    ...(found.calibration && { calibration: found.calibration }),
    modified_at: now(),
  }
}

/** The measurement with other points, measured anew; undefined when nothing would be left to measure. */
export function remeasured(measurement: Measurement, points: Points, subject: Subject): Measurement | undefined {
  const kept = keptPoints(measurement.kind, points)
  if (isNothing(measurement.kind, kept)) return undefined
  if (measurement.kind === 'calibration') return recalibrated({ ...measurement, points: kept }, knownLengthOf(measurement), subject.frame)
  return withNumbers({ ...measurement, points: kept }, measure(measurement.kind, kept, subject))
}

export function knownLengthOf({ results }: Measurement): number {
  return results.find(({ quantity }) => quantity === 'length')?.value ?? 0
}

/** A calibration whose line is this long; without a length while it is not told. */
export function recalibrated(measurement: Measurement, knownMm: number, frame: Frame): Measurement {
  const calibration = calibrationFrom(measurement.points, knownMm, frame)
  const results = calibration ? [{ quantity: 'length', value: knownMm, unit: 'mm' } as const] : []
  const { calibration: _, ...rest } = measurement
  return { ...rest, results, spacing_source: 'user-calibration', ...(calibration && { calibration }), modified_at: now() }
}

/** A new measurement on an image; undefined when nothing was drawn. */
export function made(kind: MeasurementKind, points: Points, imageId: string, subject: Subject): Measurement | undefined {
  const { seriesInstanceUid, sopInstanceUid, frameNumber } = keyOf(imageId)
  const at = now()
  const blank: Measurement = {
    id: crypto.randomUUID(),
    kind,
    series_instance_uid: seriesInstanceUid,
    sop_instance_uid: sopInstanceUid,
    frame_number: frameNumber,
    points: [],
    results: [],
    spacing_source: 'none',
    created_at: at,
    modified_at: at,
  }
  return remeasured(blank, points, subject)
}

const imageOf = (studyInstanceUid: string, { series_instance_uid, sop_instance_uid, frame_number }: Measurement): string =>
  imageIdOf({ studyInstanceUid, seriesInstanceUid: series_instance_uid, sopInstanceUid: sop_instance_uid, frameNumber: frame_number })

export { imageOf }

const PIXEL_QUANTITIES: ReadonlySet<string> = new Set(['mean', 'sd', 'min', 'max', 'pixel-count', 'value'])

/** The same points with another size of a pixel: what was read from pixels stays where they are not in memory. */
function rescaled(measurement: Measurement, subject: Subject): Measurement {
  const again = remeasured(measurement, measurement.points, subject) ?? measurement
  if (subject.values) return again
  return { ...again, results: [...again.results, ...measurement.results.filter(({ quantity }) => PIXEL_QUANTITIES.has(quantity))] }
}

/** Everything else on the image follows when a calibration of it is drawn, changed or deleted. */
function followers(studyInstanceUid: string, all: readonly Measurement[], calibration: Measurement): Measurement[] {
  return all
    .filter(({ id, kind, sop_instance_uid }) => id !== calibration.id && kind !== 'calibration' && sop_instance_uid === calibration.sop_instance_uid)
    .flatMap((one) => {
      const imageId = imageOf(studyInstanceUid, one)
      const frame = frameOf(imageId)
      return frame ? [rescaled(one, subjectOf(all, imageId, frame))] : []
    })
}

/** Puts `after` in the place of the measurement with this id (undefined: deletes it) and remembers how it was. */
export function change(studyInstanceUid: string, draft: Draft, id: string, after: Measurement | undefined, merge?: string): void {
  const before = draft.state.get().measurements
  draft.put(id, after)
  const changed = after ?? before.find((one) => one.id === id)
  if (changed?.kind === 'calibration') {
    for (const one of followers(studyInstanceUid, draft.state.get().measurements, changed)) draft.put(one.id, one)
  }
  const then = draft.state.get().measurements
  const history = roomHistory.get() ?? historyOf(studyInstanceUid)
  history.did({
    merge: merge && `${merge} ${id}`,
    undo: () => swap(draft, then, before),
    redo: () => swap(draft, before, then),
  })
}

/** Brings back those measurements that differ between two states; what was drawn in between stays. */
function swap(draft: Draft, from: readonly Measurement[], to: readonly Measurement[]): void {
  const target = new Map(to.map((one) => [one.id, one] as const))
  for (const one of from) if (target.get(one.id) !== one) draft.put(one.id, target.get(one.id))
  const had = new Set(from.map(({ id }) => id))
  for (const one of to) if (!had.has(one.id)) draft.put(one.id, one)
}

/** What the reader must know beside the numbers that are kept. */
export function remarksOf(measurement: Measurement, frame: Frame): readonly Remark[] {
  const { kind, points, results, calibration } = measurement
  const { remarks } = measure(kind, points, { frame, values: undefined, calibration, suv: 'bw' })
  const hasValues = results.some(({ quantity }) => PIXEL_QUANTITIES.has(quantity))
  const inSuv = results.some(({ unit }) => unit.includes('SUV'))
  const missingSuv = frame.modality === 'PT' && hasValues && !inSuv
  return [...remarks.filter((remark) => remark !== 'no-values' || !hasValues), ...(missingSuv ? (['no-suv'] as const) : [])]
}
