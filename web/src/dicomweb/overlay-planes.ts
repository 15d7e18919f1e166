/** Overlay planes, groups 60xx (PS3.3 C.9.2): drawings of one bit per pixel that came with the image. */
import type { Frame } from './frame'
import { type DataSet, type JsonElement, number, numbers, text } from './json'

export interface OverlayPlane {
  /** "6000" … "601E". */
  readonly group: string
  readonly rows: number
  readonly columns: number
  /** Row and column, from 1, of the image at which its first pixel lies. */
  readonly origin: readonly [row: number, column: number]
  /** graphics, or a region of interest. */
  readonly type: 'G' | 'R' | undefined
  readonly label: string | undefined
  /** Place of the plane of this frame in the data, from 0. */
  readonly place: number
  /** Undefined where the plane lies in unused bits of the pixels, a form retired in 2004. */
  readonly data: JsonElement | undefined
}

const GROUPS = Array.from({ length: 16 }, (_, at) => (0x6000 + 2 * at).toString(16).toUpperCase())

/** Which of the overlay's planes belongs to a frame; undefined where none does (C.9.2.1.2: without a count it is for all frames). */
function placeOf(dataSet: DataSet, group: string, frame: Frame): number | undefined {
  const count = number(dataSet, `${group}0015`)
  if (count === undefined) return 0
  const place = frame.frameNumber - (number(dataSet, `${group}0051`) ?? 1)
  return place >= 0 && place < count ? place : undefined
}

export function overlayPlanesOf(frame: Frame): OverlayPlane[] {
  const { dataSet } = frame
  return GROUPS.flatMap((group) => {
    const [rows, columns] = [number(dataSet, `${group}0010`), number(dataSet, `${group}0011`)]
    const place = placeOf(dataSet, group, frame)
    if (!rows || !columns || place === undefined) return []
    const [top = 1, left = 1] = numbers(dataSet, `${group}0050`)
    const type = text(dataSet, `${group}0040`)?.trim()
    const label = text(dataSet, `${group}1500`) ?? text(dataSet, `${group}0022`)
    return [{ group, rows, columns, origin: [top, left], type: type === 'G' || type === 'R' ? type : undefined, label, place, data: dataSet[`${group}3000`] }]
  })
}

/** One byte per pixel, 0 or 1, row by row. Bits are packed from the lowest up (PS3.5 8.1.1), frames without a gap. Undefined when data end early. */
export function bitsOf({ rows, columns, place }: OverlayPlane, bytes: Uint8Array): Uint8Array | undefined {
  const first = place * rows * columns
  if (bytes.length * 8 < first + rows * columns) return undefined
  return Uint8Array.from({ length: rows * columns }, (_, at) => ((bytes[(first + at) >> 3] ?? 0) >> ((first + at) & 7)) & 1)
}
