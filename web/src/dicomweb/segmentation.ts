/**
 * Segmentations read from DICOM JSON (PS3.3 A.51, A.90; C.8.20, C.8.31): segments, and where each frame lies.
 * BINARY and FRACTIONAL have one segment per frame; in a LABELMAP each pixel holds the number of its segment.
 */
import { type Colour, distinct, fromDicomLab } from './colours'
import type { Triple } from './frame'
import { type DataSet, item, items, number, numbers, text } from './json'
import type { Plane } from './plane'

const T = {
  FrameOfReferenceUID: '00200052',
  SeriesDescription: '0008103E',
  ContentLabel: '00700080',
  Rows: '00280010',
  Columns: '00280011',
  BitsAllocated: '00280100',
  NumberOfFrames: '00280008',
  SegmentationType: '00620001',
  SegmentSequence: '00620002',
  SegmentNumber: '00620004',
  SegmentLabel: '00620005',
  SegmentAlgorithmType: '00620008',
  SegmentAlgorithmName: '00620009',
  SegmentIdentificationSequence: '0062000A',
  ReferencedSegmentNumber: '0062000B',
  RecommendedDisplayCIELabValue: '0062000D',
  MaximumFractionalValue: '0062000E',
  SegmentedPropertyTypeCodeSequence: '0062000F',
  SegmentationFractionalType: '00620010',
  PixelPaddingValue: '00280120',
  Shared: '52009229',
  PerFrame: '52009230',
  PixelMeasures: '00289110',
  PlanePosition: '00209113',
  PlaneOrientation: '00209116',
  ImagePositionPatient: '00200032',
  ImageOrientationPatient: '00200037',
  PixelSpacing: '00280030',
  DerivationImage: '00089124',
  SourceImage: '00082112',
  ReferencedSOPInstanceUID: '00081155',
  ReferencedFrameNumber: '00081160',
  CodeValue: '00080100',
  CodeMeaning: '00080104',
} as const

export type SegmentationType = 'BINARY' | 'FRACTIONAL' | 'LABELMAP'

export interface Segment {
  readonly number: number
  readonly label: string
  /** What it is, by the code's meaning. */
  readonly type: string | undefined
  /** Who drew it: MANUAL, SEMIAUTOMATIC or AUTOMATIC, and with what. */
  readonly algorithm: string | undefined
  readonly colour: Colour
}

export interface Source {
  readonly sopInstanceUid: string
  /** Undefined: all frames of the image. */
  readonly frameNumbers: readonly number[] | undefined
}

export interface GridFrame {
  /** From 1. */
  readonly frameNumber: number
  /** Undefined where the object does not say where its frames lie. */
  readonly plane: Plane | undefined
  readonly sources: readonly Source[]
  /** The segment of this frame; undefined in a labelmap. */
  readonly segment: number | undefined
}

export interface Segmentation {
  readonly type: SegmentationType
  readonly label: string | undefined
  readonly rows: number
  readonly columns: number
  readonly bitsAllocated: number
  /** The stored value that means all of the pixel, in FRACTIONAL. */
  readonly maximum: number
  /** PROBABILITY or OCCUPANCY, in FRACTIONAL. */
  readonly fractionalType: string | undefined
  /** The label that is no segment, in LABELMAP. */
  readonly background: number
  readonly frameOfReferenceUid: string | undefined
  readonly segments: readonly Segment[]
  readonly frames: readonly GridFrame[]
}

function meaning(dataSet: DataSet | undefined, sequence: string): string | undefined {
  const code = item(dataSet, sequence)
  return text(code, T.CodeMeaning) ?? text(code, T.CodeValue)
}

function segmentOf(dataSet: DataSet, index: number): Segment {
  const segmentNumber = number(dataSet, T.SegmentNumber) ?? index + 1
  const drawnBy = [text(dataSet, T.SegmentAlgorithmType), text(dataSet, T.SegmentAlgorithmName)].filter(Boolean).join(' · ')
  return {
    number: segmentNumber,
    label: text(dataSet, T.SegmentLabel) ?? meaning(dataSet, T.SegmentedPropertyTypeCodeSequence) ?? String(segmentNumber),
    type: meaning(dataSet, T.SegmentedPropertyTypeCodeSequence),
    algorithm: drawnBy || undefined,
    colour: fromDicomLab(numbers(dataSet, T.RecommendedDisplayCIELabValue)) ?? distinct(index),
  }
}

function triple(values: readonly number[], from = 0): Triple | undefined {
  const [x, y, z] = values.slice(from, from + 3)
  return x === undefined || y === undefined || z === undefined ? undefined : [x, y, z]
}

function planeFrom(own: DataSet | undefined, shared: DataSet | undefined): Plane | undefined {
  const groupOf = (sequence: string) => item(own, sequence) ?? item(shared, sequence)
  const origin = triple(numbers(groupOf(T.PlanePosition), T.ImagePositionPatient))
  const orientation = numbers(groupOf(T.PlaneOrientation), T.ImageOrientationPatient)
  const [row, column] = [triple(orientation), triple(orientation, 3)]
  const [betweenRows, betweenColumns] = numbers(groupOf(T.PixelMeasures), T.PixelSpacing)
  if (!origin || !row || !column || !betweenRows || !betweenColumns) return undefined
  return { origin, row, column, spacing: [betweenRows, betweenColumns] }
}

function sourcesFrom(own: DataSet | undefined): Source[] {
  return items(own, T.DerivationImage).flatMap((derivation) =>
    items(derivation, T.SourceImage).flatMap((source) => {
      const sopInstanceUid = text(source, T.ReferencedSOPInstanceUID)
      const listed = numbers(source, T.ReferencedFrameNumber)
      return sopInstanceUid === undefined ? [] : [{ sopInstanceUid, frameNumbers: listed.length > 0 ? listed : undefined }]
    }),
  )
}

/** Every frame of an object with functional groups; also used for parametric maps. */
export function gridFrames(dataSet: DataSet): GridFrame[] {
  const shared = item(dataSet, T.Shared)
  const perFrame = items(dataSet, T.PerFrame)
  const count = Math.max(1, number(dataSet, T.NumberOfFrames) ?? 1)
  return Array.from({ length: count }, (_, index) => {
    const own = perFrame[index]
    const identification = item(own, T.SegmentIdentificationSequence) ?? item(shared, T.SegmentIdentificationSequence)
    const ownSources = sourcesFrom(own)
    return {
      frameNumber: index + 1,
      plane: planeFrom(own, shared),
      sources: ownSources.length > 0 ? ownSources : sourcesFrom(shared),
      segment: number(identification, T.ReferencedSegmentNumber),
    }
  })
}

/** Undefined when the object has no size or says no type that we know. */
export function readSegmentation(dataSet: DataSet): Segmentation | undefined {
  const type = text(dataSet, T.SegmentationType)
  const [rows, columns] = [number(dataSet, T.Rows), number(dataSet, T.Columns)]
  if ((type !== 'BINARY' && type !== 'FRACTIONAL' && type !== 'LABELMAP') || !rows || !columns) return undefined
  return {
    type,
    label: text(dataSet, T.ContentLabel),
    rows,
    columns,
    bitsAllocated: number(dataSet, T.BitsAllocated) ?? (type === 'BINARY' ? 1 : 8),
    maximum: number(dataSet, T.MaximumFractionalValue) ?? 255,
    fractionalType: text(dataSet, T.SegmentationFractionalType),
    background: number(dataSet, T.PixelPaddingValue) ?? 0,
    frameOfReferenceUid: text(dataSet, T.FrameOfReferenceUID),
    segments: items(dataSet, T.SegmentSequence).map(segmentOf),
    frames: gridFrames(dataSet),
  }
}
