/** Structure sets read from DICOM JSON (PS3.3 A.19, C.8.8.5, C.8.8.6): regions and their contours, mm in the patient. */
import { type Colour, distinct } from './colours'
import type { Triple } from './frame'
import { type DataSet, item, items, number, numbers, text } from './json'
import { distanceFrom, type ImagePoint, type Plane, toImagePoint } from './plane'

const T = {
  StructureSetLabel: '30060002',
  StructureSetROISequence: '30060020',
  ROINumber: '30060022',
  ReferencedFrameOfReferenceUID: '30060024',
  ROIName: '30060026',
  ROIDisplayColor: '3006002A',
  ROIContourSequence: '30060039',
  ContourSequence: '30060040',
  ContourGeometricType: '30060042',
  ContourData: '30060050',
  ReferencedROINumber: '30060084',
  RTROIObservationsSequence: '30060080',
  RTROIInterpretedType: '300600A4',
  ReferencedFrameOfReferenceSequence: '30060010',
  FrameOfReferenceUID: '00200052',
} as const

export type ContourType = 'CLOSED_PLANAR' | 'CLOSEDPLANAR_XOR' | 'OPEN_PLANAR' | 'OPEN_NONPLANAR' | 'POINT'
const TYPES: readonly string[] = ['CLOSED_PLANAR', 'CLOSEDPLANAR_XOR', 'OPEN_PLANAR', 'OPEN_NONPLANAR', 'POINT'] satisfies ContourType[]

export interface Contour {
  readonly type: ContourType
  /** x, y, z of each point in turn. */
  readonly points: Float64Array
}

export interface Region {
  readonly number: number
  readonly name: string
  /** ORGAN, PTV, EXTERNAL, MARKER … */
  readonly interpretedType: string | undefined
  readonly frameOfReferenceUid: string | undefined
  readonly colour: Colour
  readonly contours: readonly Contour[]
}

export interface StructureSet {
  readonly label: string | undefined
  readonly regions: readonly Region[]
}

function contourOf(dataSet: DataSet): Contour[] {
  const type = text(dataSet, T.ContourGeometricType)
  const points = numbers(dataSet, T.ContourData)
  if (type === undefined || !TYPES.includes(type) || points.length < 3 || points.length % 3 !== 0) return []
  return [{ type: type as ContourType, points: Float64Array.from(points) }]
}

function colourOf(dataSet: DataSet | undefined, index: number): Colour {
  const [red, green, blue] = numbers(dataSet, T.ROIDisplayColor)
  if (red === undefined || green === undefined || blue === undefined) return distinct(index)
  return [red, green, blue]
}

/** Contours without a type or with torn coordinates are left out. */
export function readStructureSet(dataSet: DataSet): StructureSet {
  const drawn = new Map(items(dataSet, T.ROIContourSequence).map((one) => [number(one, T.ReferencedROINumber), one]))
  const observed = new Map(items(dataSet, T.RTROIObservationsSequence).map((one) => [number(one, T.ReferencedROINumber), one]))
  const only = item(dataSet, T.ReferencedFrameOfReferenceSequence)
  const regions = items(dataSet, T.StructureSetROISequence).map((one, index): Region => {
    const roi = number(one, T.ROINumber) ?? index + 1
    return {
      number: roi,
      name: text(one, T.ROIName) ?? String(roi),
      interpretedType: text(observed.get(roi), T.RTROIInterpretedType),
      frameOfReferenceUid: text(one, T.ReferencedFrameOfReferenceUID) ?? text(only, T.FrameOfReferenceUID),
      colour: colourOf(drawn.get(roi), index),
      contours: items(drawn.get(roi), T.ContourSequence).flatMap(contourOf),
    }
  })
  return { label: text(dataSet, T.StructureSetLabel), regions }
}

export function pointOf({ points }: Contour, index: number): Triple {
  return [points[3 * index] ?? 0, points[3 * index + 1] ?? 0, points[3 * index + 2] ?? 0]
}

/** The contour in image points of the plane; undefined unless each of its points lies in the plane. */
export function contourOn(plane: Plane, contour: Contour, toleranceMm: number): ImagePoint[] | undefined {
  const found: ImagePoint[] = []
  for (let index = 0; index * 3 < contour.points.length; index += 1) {
    const point = pointOf(contour, index)
    if (Math.abs(distanceFrom(plane, point)) > toleranceMm) return undefined
    found.push(toImagePoint(plane, point))
  }
  return found
}
