/** Regions of structure sets drawn on the slices that their contours lie on (PS3.3 C.8.8.6). */
import type { Colour } from '../../dicomweb/colours'
import { type DataSet, text } from '../../dicomweb/json'
import type { ImagePoint, Matrix } from '../../dicomweb/plane'
import { type Contour, contourOn, pointOf, readStructureSet, type Region } from '../../dicomweb/structure-set'
import { referencedSeries } from '../../dicomweb/referenced-series'
import { TAG } from '../../dicomweb/tags'
import type { OpenOverlay } from './masks'
import { type Drawing, type OverlayDescription, OverlayError, type Part, type Shape, type Target } from './protocol'

const IMAGE: Matrix = [1, 0, 0, 1, 0, 0]

function pathOf(points: readonly ImagePoint[], closed: boolean): string {
  const line = points.map(([column, row]) => `${column.toFixed(3)} ${row.toFixed(3)}`).join('L')
  return `M${line}${closed ? 'Z' : ''}`
}

/** The point of a contour that stands for it when one jumps to the region. */
function partOf(region: Region): Part {
  return {
    id: region.number,
    label: region.name,
    detail: region.interpretedType,
    colour: region.colour,
    frameOfReferenceUid: region.frameOfReferenceUid,
    places: region.contours.map((contour) => ({ point: pointOf(contour, 0), sopInstanceUid: undefined, frameNumber: undefined })),
  }
}

function describe(dataSet: DataSet, label: string | undefined, regions: readonly Region[]): OverlayDescription {
  const uids = regions.flatMap(({ frameOfReferenceUid }) => (frameOfReferenceUid === undefined ? [] : [frameOfReferenceUid]))
  return {
    kind: 'contours',
    label,
    nature: undefined,
    patientId: text(dataSet, TAG.PatientID),
    frameOfReferenceUids: [...new Set(uids)],
    sourceUids: [],
    referencedSeries: referencedSeries(dataSet),
    rows: undefined,
    columns: undefined,
    parts: regions.map(partOf),
    scale: undefined,
  }
}

interface Drawn {
  readonly shapes: Shape[]
  readonly points: { part: number; colour: Colour; at: ImagePoint }[]
  readonly names: { part: number; at: ImagePoint }[]
}

interface Placed {
  readonly type: Contour['type']
  readonly points: readonly ImagePoint[]
}

/** Of a contour that leaves the slice, only loose points are drawn where they lie; a line through the slice would be made up. */
function placedOn(region: Region, { plane, toleranceMm }: Target): Placed[] {
  if (!plane) return []
  return region.contours.flatMap((contour): Placed[] => {
    const points = contourOn(plane, contour, toleranceMm)
    return points ? [{ type: contour.type, points }] : []
  })
}

function shapesOf(part: number, colour: Colour, placed: readonly Placed[]): Shape[] {
  const lines = placed.filter(({ type, points }) => type !== 'POINT' && points.length > 1)
  const exclusive = lines.filter(({ type }) => type === 'CLOSEDPLANAR_XOR')
  const shapes = lines
    .filter(({ type }) => type !== 'CLOSEDPLANAR_XOR')
    .map(({ type, points }): Shape => {
      const closed = type === 'CLOSED_PLANAR'
      return { part, colour, d: pathOf(points, closed), matrix: IMAGE, closed, filled: closed ? 'nonzero' : undefined }
    })
  if (exclusive.length === 0) return shapes
  // Inner contours of this type cut holes: all of a slice are one shape.
  const d = exclusive.map(({ points }) => pathOf(points, true)).join('')
  return [...shapes, { part, colour, d, matrix: IMAGE, closed: true, filled: 'evenodd' }]
}

function addRegion(drawn: Drawn, region: Region, colour: Colour, target: Target): void {
  const placed = placedOn(region, target)
  const part = region.number
  drawn.shapes.push(...shapesOf(part, colour, placed))
  for (const { type, points } of placed) {
    if (type === 'POINT' || points.length === 1) drawn.points.push(...points.map((at) => ({ part, colour, at })))
  }
  const all = placed.flatMap(({ points }) => points)
  const [first] = all
  if (first) drawn.names.push({ part, at: all.reduce((top, at) => (at[1] < top[1] ? at : top), first) })
}

/** Raises OverlayError when there is no region at all. */
export function openContours(_address: string, dataSet: DataSet): OpenOverlay {
  const { label, regions } = readStructureSet(dataSet)
  if (regions.length === 0) throw new OverlayError('unreadable')
  return {
    description: describe(dataSet, label, regions),
    draw(target, look): Promise<Drawing> {
      const drawn: Drawn = { shapes: [], points: [], names: [] }
      for (const region of regions) {
        const here = region.frameOfReferenceUid !== undefined && region.frameOfReferenceUid === target.frameOfReferenceUid
        if (here && !look.hidden.includes(region.number)) {
          addRegion(drawn, region, look.colours[region.number] ?? region.colour, target)
        }
      }
      return Promise.resolve({ picture: undefined, ...drawn })
    },
  }
}
