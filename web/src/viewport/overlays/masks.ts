/** Segmentations drawn on slices (PS3.3 C.8.20): the frames that lie on the slice and no others, pixel by pixel. */
import { unpackedBits } from '../../dicomweb/bits'
import type { Colour } from '../../dicomweb/colours'
import type { DataSet } from '../../dicomweb/json'
import { text } from '../../dicomweb/json'
import { liesIn, type Matrix, matrixBetween, toPatient } from '../../dicomweb/plane'
import { type GridFrame, readSegmentation, type Segmentation } from '../../dicomweb/segmentation'
import { referencedSeries } from '../../dicomweb/referenced-series'
import { TAG } from '../../dicomweb/tags'
import { Frames } from './frames'
import { outlineOf } from './outline'
import { type Cover, painted } from './paint'
import { type Drawing, type Look, NOTHING_DRAWN, type OverlayDescription, OverlayError, type Place, type Target } from './protocol'

export interface OpenOverlay {
  readonly description: OverlayDescription
  draw(target: Target, look: Look): Promise<Drawing>
}

const SAME: Matrix = [1, 0, 0, 1, 0, 0]

export function placeOf(frame: GridFrame, rows: number, columns: number): Place {
  const [source] = frame.sources
  return {
    point: frame.plane && toPatient(frame.plane, [columns / 2, rows / 2]),
    sopInstanceUid: source?.sopInstanceUid,
    frameNumber: source?.frameNumbers?.[0],
  }
}

/** How the grid of a frame lies on the target; undefined when it does not lie on it. */
export function lieOn(frame: GridFrame, grid: Pick<Segmentation, 'rows' | 'columns' | 'frameOfReferenceUid'>, target: Target): Matrix | undefined {
  const { plane } = target
  if (plane && frame.plane && grid.frameOfReferenceUid !== undefined && grid.frameOfReferenceUid === target.frameOfReferenceUid) {
    return liesIn(plane, frame.plane, grid.columns, grid.rows, target.toleranceMm) ? matrixBetween(frame.plane, plane) : undefined
  }
  // Without a common frame of reference only the very image that the frame was made from, pixel for pixel.
  const made = frame.sources.some(
    ({ sopInstanceUid, frameNumbers }) => sopInstanceUid === target.sopInstanceUid && (frameNumbers?.includes(target.frameNumber) ?? true),
  )
  return made && grid.rows === target.rows && grid.columns === target.columns ? SAME : undefined
}

function sharesOf(bytes: Uint8Array, { type, rows, columns, maximum }: Segmentation): Uint8Array {
  const pixels = rows * columns
  if (bytes.byteLength * (type === 'BINARY' ? 8 : 1) < pixels) throw new OverlayError('unreadable')
  if (type === 'BINARY') return unpackedBits(bytes, pixels).map((bit) => bit * 255)
  return bytes.subarray(0, pixels).map((value) => Math.round((Math.min(value, maximum) * 255) / maximum))
}

/** A labelmap as one cover for each label in it that is a visible segment. */
function labelled(bytes: Uint8Array, { rows, columns, bitsAllocated, background }: Segmentation, colourOf: ColourOf): Cover[] {
  const pixels = rows * columns
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const width = bitsAllocated / 8
  if ((width !== 1 && width !== 2) || bytes.byteLength < pixels * width) throw new OverlayError('unreadable')
  const covers = new Map<number, Cover>()
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const label = width === 1 ? view.getUint8(pixel) : view.getUint16(pixel * 2, true)
    const colour = label === background ? undefined : colourOf(label)
    if (!colour) continue
    const cover = covers.get(label) ?? { part: label, colour, share: new Uint8Array(pixels) }
    covers.set(label, cover)
    cover.share[pixel] = 255
  }
  return [...covers.values()].sort((a, b) => a.part - b.part)
}

type ColourOf = (segment: number) => Colour | undefined

function describe(dataSet: DataSet, read: Segmentation): OverlayDescription {
  const sourceUids = new Set(read.frames.flatMap(({ sources }) => sources.map((source) => source.sopInstanceUid)))
  const places = new Map<number, Place[]>()
  for (const frame of read.frames) {
    const of = frame.segment ?? 0
    const known = places.get(of) ?? []
    known.push(placeOf(frame, read.rows, read.columns))
    places.set(of, known)
  }
  return {
    kind: 'mask',
    label: read.label,
    nature: [read.type, read.fractionalType].filter(Boolean).join(' '),
    patientId: text(dataSet, TAG.PatientID),
    frameOfReferenceUids: read.frameOfReferenceUid === undefined ? [] : [read.frameOfReferenceUid],
    sourceUids: [...sourceUids],
    referencedSeries: referencedSeries(dataSet),
    rows: read.rows,
    columns: read.columns,
    parts: read.segments
      .filter(({ number }) => read.type !== 'LABELMAP' || number !== read.background)
      .map(({ number, label, type, algorithm, colour }) => ({
        id: number,
        label,
        detail: [type === label ? undefined : type, algorithm].filter(Boolean).join(' · ') || undefined,
        colour,
        frameOfReferenceUid: read.frameOfReferenceUid,
        places: places.get(read.type === 'LABELMAP' ? 0 : number) ?? [],
      })),
    scale: undefined,
  }
}

/** Where bytes of frames come from: `Frames`, or a test. */
export type FrameBytes = Pick<Frames, 'get'>

export interface Covered {
  readonly covers: readonly Cover[]
  readonly matrix: Matrix
}

/**
 * What each visible segment covers on a slice, in the grid of the object; undefined where no frame lies on the slice.
 * Raises OverlayError: unreadable; unplaced, where frames of different grids lie in one place, of which only one could be shown.
 */
export async function coveredOn(read: Segmentation, frames: FrameBytes, target: Target, colourOf: ColourOf): Promise<Covered | undefined> {
  const lying = read.frames.flatMap((frame) => {
    const matrix = lieOn(frame, read, target)
    const wanted = frame.segment === undefined || colourOf(frame.segment) !== undefined
    return matrix && wanted ? [{ frame, matrix }] : []
  })
  const [first] = lying
  if (!first) return undefined
  if (lying.some(({ matrix }) => matrix.some((part, index) => Math.abs(part - (first.matrix[index] ?? 0)) > SAME_GRID))) {
    throw new OverlayError('unplaced')
  }
  const bytes = await frames.get(lying.map(({ frame }) => frame.frameNumber))
  const covers = lying.flatMap(({ frame: { segment } }, index) => {
    const content = bytes[index] ?? new Uint8Array()
    if (segment === undefined) return labelled(content, read, colourOf)
    const colour = colourOf(segment)
    return colour ? [{ part: segment, colour, share: sharesOf(content, read) }] : []
  })
  return { covers, matrix: first.matrix }
}

/** Pixels of the image; positions in files are rounded. */
const SAME_GRID = 0.01

/** Raises OverlayError when the object is no segmentation that we can read. */
export function openMask(address: string, dataSet: DataSet): OpenOverlay {
  const read = readSegmentation(dataSet)
  if (!read) throw new OverlayError('unreadable')
  const frames = new Frames(address)
  const own = new Map(read.segments.map(({ number, colour }) => [number, colour]))
  return {
    description: describe(dataSet, read),
    async draw(target, look) {
      const colourOf: ColourOf = (segment) => (look.hidden.includes(segment) ? undefined : (look.colours[segment] ?? own.get(segment)))
      const covered = await coveredOn(read, frames, target, colourOf)
      return covered ? drawn(covered.covers, read, covered.matrix) : NOTHING_DRAWN
    },
  }
}

async function drawn(covers: readonly Cover[], { rows, columns, type }: Segmentation, matrix: Matrix): Promise<Drawing> {
  const filled = covers.filter(({ share }) => share.some((value) => value > 0))
  if (filled.length === 0) return NOTHING_DRAWN
  const through = (column: number, row: number) =>
    [matrix[0] * column + matrix[2] * row + matrix[4], matrix[1] * column + matrix[3] * row + matrix[5]] as const
  return {
    picture: { blob: await asPng(painted(filled, rows * columns), columns, rows), columns, rows, matrix },
    shapes: filled.flatMap(({ part, colour, share }) => {
      const d = type === 'FRACTIONAL' ? undefined : outlineOf((column, row) => (share[row * columns + column] ?? 0) > 0, columns, rows)
      return d === undefined ? [] : [{ part, colour, d, closed: true, filled: undefined, matrix }]
    }),
    points: [],
    names: filled.map(({ part, share }) => {
      const top = share.findIndex((value) => value > 0)
      return { part, at: through((top % columns) + 0.5, Math.floor(top / columns)) }
    }),
  }
}

export async function asPng(picture: Uint8ClampedArray<ArrayBuffer>, columns: number, rows: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(columns, rows)
  canvas.getContext('2d')?.putImageData(new ImageData(picture, columns, rows), 0, 0)
  return canvas.convertToBlob({ type: 'image/png' })
}
