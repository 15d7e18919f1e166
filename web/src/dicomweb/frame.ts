/**
 * What must be known of one frame to draw it, read from its instance's DICOM JSON.
 * Enhanced multi-frame objects keep most of it in functional groups (PS3.3 C.7.6.16): per-frame first, then shared, then the top level.
 */
import { type DataSet, item, items, number, numbers, text, texts } from './json'
import { TAG } from './tags'

export type Triple = readonly [number, number, number]

export interface WindowSetting {
  readonly centre: number
  readonly width: number
  readonly name?: string
}

export type VoiFunction = 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID'

export interface Frame {
  readonly sopInstanceUid: string
  readonly sopClassUid: string
  /** From 1, as in DICOM. */
  readonly frameNumber: number
  readonly frameCount: number
  readonly instanceNumber: number | undefined
  readonly modality: string | undefined
  readonly rows: number
  readonly columns: number
  readonly samplesPerPixel: number
  readonly photometricInterpretation: string
  readonly planarConfiguration: number
  readonly bitsAllocated: number
  readonly bitsStored: number
  readonly highBit: number
  readonly pixelRepresentation: number
  readonly slope: number
  readonly intercept: number
  readonly windows: readonly WindowSetting[]
  readonly voiFunction: VoiFunction
  readonly modalityLut: DataSet | undefined
  /** Items of the VOI LUT Sequence; the first counts before the first window, as DCMTK and our server take it. */
  readonly voiLuts: readonly DataSet[]
  /** Lowest and highest stored value that is no image (PS3.3 C.7.5.1.1.2); always shown black. */
  readonly padding: readonly [number, number] | undefined
  /** Whether low values are bright: MONOCHROME1, unless Presentation LUT Shape says otherwise (C.11.6). */
  readonly negative: boolean
  /** mm between rows and between columns; undefined when not known. */
  readonly spacing: readonly [number, number] | undefined
  /** Height and width of one pixel where the spacing is unknown, in widths. */
  readonly aspect: readonly [number, number] | undefined
  /** Centre of the first pixel, mm in the patient's frame of reference. */
  readonly position: Triple | undefined
  /** Direction of a row (increasing column) and of a column (increasing row). */
  readonly rowCosines: Triple | undefined
  readonly columnCosines: Triple | undefined
  /** (0020,0020) where the geometry is not given: letters toward the end of a row, and of a column. */
  readonly patientOrientation: readonly [string, string] | undefined
  readonly frameOfReferenceUid: string | undefined
  readonly sliceThickness: number | undefined
  readonly lossy: boolean
  readonly lossyRatio: number | undefined
  readonly transferSyntaxUid: string | undefined
  readonly dataSet: DataSet
}

function triple(values: readonly number[], from = 0): Triple | undefined {
  const [x, y, z] = values.slice(from, from + 3)
  return x === undefined || y === undefined || z === undefined ? undefined : [x, y, z]
}

function pair(values: readonly number[]): readonly [number, number] | undefined {
  const [first, second] = values
  return first !== undefined && second !== undefined && first > 0 && second > 0 ? [first, second] : undefined
}

/** The item of a functional group for one frame, or the data set itself where there are no groups. */
function group(dataSet: DataSet, sequenceTag: string, frameNumber: number): DataSet {
  const perFrame = items(dataSet, TAG.PerFrameFunctionalGroupsSequence)[frameNumber - 1]
  return item(perFrame, sequenceTag) ?? item(item(dataSet, TAG.SharedFunctionalGroupsSequence), sequenceTag) ?? dataSet
}

/** Vertical to horizontal size of a pixel, brought to 1 horizontally: devices send values like 1000000 to 1000000. */
function aspectOf(dataSet: DataSet): readonly [number, number] | undefined {
  const ratio = pair(numbers(dataSet, TAG.PixelAspectRatio))
  return ratio && [ratio[0] / ratio[1], 1]
}

function unitVectors(orientation: readonly number[]): { row?: Triple; column?: Triple } {
  const row = triple(orientation)
  const column = triple(orientation, 3)
  const length = (v: Triple | undefined) => (v ? Math.hypot(...v) : 0)
  if (!row || !column || Math.abs(length(row) - 1) > 0.05 || Math.abs(length(column) - 1) > 0.05) return {}
  return { row, column }
}

function windowsOf(voi: DataSet, voiFunction: VoiFunction): WindowSetting[] {
  const centres = numbers(voi, TAG.WindowCenter)
  const widths = numbers(voi, TAG.WindowWidth)
  const names = texts(voi, TAG.WindowCenterWidthExplanation)
  return centres.flatMap((centre, index) => {
    const width = widths[index]
    return width !== undefined && isUsable(width, voiFunction) ? [{ centre, width, name: names[index] }] : []
  })
}

/** LINEAR needs a width of at least 1, the others more than 0 (PS3.3 C.11.2.1.2). */
export function isUsable(width: number, voiFunction: VoiFunction): boolean {
  return voiFunction === 'LINEAR' ? width >= 1 : width > 0
}

function voiFunctionOf(voi: DataSet): VoiFunction {
  const name = text(voi, TAG.VOILUTFunction)?.trim()
  return name === 'SIGMOID' || name === 'LINEAR_EXACT' ? name : 'LINEAR'
}

function isLossy(dataSet: DataSet, syntax: string | undefined): boolean {
  return text(dataSet, TAG.LossyImageCompression) === '01' || (syntax !== undefined && LOSSY_SYNTAXES.has(syntax))
}

/** Transfer syntaxes that lose detail by definition (PS3.5 Annex A). Those that only may are told by (0028,2110). */
const LOSSY_SYNTAXES: ReadonlySet<string> = new Set([
  '1.2.840.10008.1.2.4.50',
  '1.2.840.10008.1.2.4.51',
  '1.2.840.10008.1.2.4.53',
  '1.2.840.10008.1.2.4.55',
  '1.2.840.10008.1.2.4.81',
])

export function frameCountOf(dataSet: DataSet): number {
  return Math.max(1, Math.trunc(number(dataSet, TAG.NumberOfFrames) ?? 1))
}

function pixelFacts(dataSet: DataSet) {
  const bitsAllocated = number(dataSet, TAG.BitsAllocated) ?? 16
  const bitsStored = number(dataSet, TAG.BitsStored) ?? bitsAllocated
  return {
    rows: number(dataSet, TAG.Rows) ?? 0,
    columns: number(dataSet, TAG.Columns) ?? 0,
    samplesPerPixel: number(dataSet, TAG.SamplesPerPixel) ?? 1,
    photometricInterpretation: text(dataSet, TAG.PhotometricInterpretation)?.trim() ?? 'MONOCHROME2',
    planarConfiguration: number(dataSet, TAG.PlanarConfiguration) ?? 0,
    bitsAllocated,
    bitsStored,
    highBit: number(dataSet, TAG.HighBit) ?? bitsStored - 1,
    pixelRepresentation: number(dataSet, TAG.PixelRepresentation) ?? 0,
  }
}

function planeFacts(dataSet: DataSet, frameNumber: number) {
  const measures = group(dataSet, TAG.PixelMeasuresSequence, frameNumber)
  const orientation = numbers(group(dataSet, TAG.PlaneOrientationSequence, frameNumber), TAG.ImageOrientationPatient)
  const { row, column } = unitVectors(orientation)
  const [toRowEnd, toColumnEnd] = texts(dataSet, TAG.PatientOrientation)
  return {
    spacing: pair(numbers(measures, TAG.PixelSpacing)) ?? pair(numbers(dataSet, TAG.ImagerPixelSpacing)),
    aspect: aspectOf(dataSet),
    position: triple(numbers(group(dataSet, TAG.PlanePositionSequence, frameNumber), TAG.ImagePositionPatient)),
    rowCosines: row,
    columnCosines: column,
    patientOrientation: toRowEnd && toColumnEnd ? ([toRowEnd, toColumnEnd] as const) : undefined,
    frameOfReferenceUid: text(dataSet, TAG.FrameOfReferenceUID),
    sliceThickness: number(measures, TAG.SliceThickness),
  }
}

function greyFacts(dataSet: DataSet, frameNumber: number) {
  const transformation = group(dataSet, TAG.PixelValueTransformationSequence, frameNumber)
  const voi = group(dataSet, TAG.FrameVOILUTSequence, frameNumber)
  const doseGridScaling = number(dataSet, TAG.DoseGridScaling)
  const voiFunction = voiFunctionOf(voi)
  const toIntensity = leadsBackToIntensity(dataSet)
  return {
    slope: toIntensity ? 1 : number(transformation, TAG.RescaleSlope) || doseGridScaling || 1,
    intercept: toIntensity ? 0 : (number(transformation, TAG.RescaleIntercept) ?? 0),
    windows: windowsOf(voi, voiFunction),
    voiFunction,
    modalityLut: toIntensity ? undefined : item(dataSet, TAG.ModalityLUTSequence),
    voiLuts: items(dataSet, TAG.VOILUTSequence),
    padding: paddingOf(dataSet),
    negative: isNegative(dataSet),
  }
}

/** X-Ray Angiographic, Radiofluoroscopic and the retired bi-plane image storage. */
const XA_AND_XRF = new Set([1, 2, 3].map((kind) => `1.2.840.10008.5.1.4.1.1.12.${kind}`))

/** Whether the Modality LUT undoes a display curve instead of leading to it (PS3.3 C.8.7.1.1.2): windows are for stored values then. */
function leadsBackToIntensity(dataSet: DataSet): boolean {
  const relationship = text(dataSet, TAG.PixelIntensityRelationship)?.trim().toUpperCase()
  return XA_AND_XRF.has(text(dataSet, TAG.SOPClassUID) ?? '') && (relationship === 'LOG' || relationship === 'DISP')
}

function paddingOf(dataSet: DataSet): readonly [number, number] | undefined {
  const value = number(dataSet, TAG.PixelPaddingValue)
  if (value === undefined) return undefined
  const other = number(dataSet, TAG.PixelPaddingRangeLimit) ?? value
  return [Math.min(value, other), Math.max(value, other)]
}

function isNegative(dataSet: DataSet): boolean {
  const shape = text(dataSet, TAG.PresentationLUTShape)?.trim().toUpperCase()
  if (shape === 'INVERSE' || shape === 'IDENTITY') return shape === 'INVERSE'
  return text(dataSet, TAG.PhotometricInterpretation)?.trim() === 'MONOCHROME1'
}

/** frameNumber: from 1. */
export function describeFrame(dataSet: DataSet, frameNumber: number): Frame {
  const transferSyntaxUid = text(dataSet, TAG.AvailableTransferSyntaxUID) ?? text(dataSet, TAG.TransferSyntaxUID)
  return {
    sopInstanceUid: text(dataSet, TAG.SOPInstanceUID) ?? '',
    sopClassUid: text(dataSet, TAG.SOPClassUID) ?? '',
    frameNumber,
    frameCount: frameCountOf(dataSet),
    instanceNumber: number(dataSet, TAG.InstanceNumber),
    modality: text(dataSet, TAG.Modality),
    ...pixelFacts(dataSet),
    ...planeFacts(dataSet, frameNumber),
    ...greyFacts(dataSet, frameNumber),
    lossy: isLossy(dataSet, transferSyntaxUid),
    lossyRatio: numbers(dataSet, TAG.LossyImageCompressionRatio).at(-1),
    transferSyntaxUid,
    dataSet,
  }
}
