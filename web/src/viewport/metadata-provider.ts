/** Our Frame in the words of cornerstone's metadata modules. */
import type { Frame } from '../dicomweb/frame'
import { frameOf } from './known-frames'
import { paletteOf } from './palette'

function imagePixelModule(frame: Frame) {
  return {
    samplesPerPixel: frame.samplesPerPixel,
    photometricInterpretation: frame.photometricInterpretation,
    planarConfiguration: frame.planarConfiguration,
    rows: frame.rows,
    columns: frame.columns,
    bitsAllocated: frame.bitsAllocated,
    bitsStored: frame.bitsStored,
    highBit: frame.highBit,
    pixelRepresentation: frame.pixelRepresentation,
    ...paletteModule(frame),
  }
}

function paletteModule(frame: Frame) {
  const palette = paletteOf(frame)
  if (!palette) return {}
  const [red, green, blue] = palette.descriptors
  const [redData, greenData, blueData] = palette.tables
  return {
    redPaletteColorLookupTableDescriptor: red,
    greenPaletteColorLookupTableDescriptor: green,
    bluePaletteColorLookupTableDescriptor: blue,
    redPaletteColorLookupTableData: redData,
    greenPaletteColorLookupTableData: greenData,
    bluePaletteColorLookupTableData: blueData,
  }
}

/** Pixel spacing, or the aspect ratio where only that is known, or squares. */
function spacingOf(frame: Frame): readonly [number, number] | readonly [null, null] {
  return frame.spacing ?? frame.aspect ?? [null, null]
}

function imagePlaneModule(frame: Frame) {
  const [rowPixelSpacing, columnPixelSpacing] = spacingOf(frame)
  const { rowCosines, columnCosines, position } = frame
  const located = rowCosines && columnCosines && position
  return {
    frameOfReferenceUID: frame.frameOfReferenceUid,
    rows: frame.rows,
    columns: frame.columns,
    rowPixelSpacing,
    columnPixelSpacing,
    sliceThickness: frame.sliceThickness,
    imagePositionPatient: located ? [...position] : null,
    imageOrientationPatient: located ? [...rowCosines, ...columnCosines] : null,
    rowCosines: located ? [...rowCosines] : null,
    columnCosines: located ? [...columnCosines] : null,
  }
}

function voiLutModule(frame: Frame) {
  const [first] = frame.windows
  return {
    windowCenter: first ? [first.centre] : undefined,
    windowWidth: first ? [first.width] : undefined,
    // The function itself is ours (Greys); cornerstone draws lines only.
    voiLUTFunction: ['LINEAR'],
  }
}

const MODULES: Readonly<Record<string, (frame: Frame) => unknown>> = {
  imagePixelModule,
  imagePlaneModule,
  voiLutModule,
  modalityLutModule: (frame) => ({ rescaleSlope: frame.slope, rescaleIntercept: frame.intercept }),
  // PET has a window of its own in cornerstone; ours is the one of the file.
  generalSeriesModule: (frame) => ({ modality: frame.modality === 'PT' ? 'OT' : frame.modality }),
  sopCommonModule: (frame) => ({ sopClassUID: frame.sopClassUid, sopInstanceUID: frame.sopInstanceUid }),
  transferSyntax: (frame) => ({ transferSyntaxUID: frame.transferSyntaxUid }),
}

export function frameMetadata(type: string, imageId: unknown): unknown {
  if (typeof imageId !== 'string') return undefined
  const frame = frameOf(imageId)
  return frame && MODULES[type]?.(frame)
}
