/**
 * How large a pixel is, and where that is known from. A pure question to the header of one frame.
 * Cross-sections have PixelSpacing in the patient (PS3.3 C.7.6.2.1.1). In projections ImagerPixelSpacing is at the detector, and PixelSpacing is at the
 * detector too unless it differs or says how it was calibrated (PS3.3 10.7.1.3).
 */
import type { Frame } from '../dicomweb/frame'
import { item, items, number, numbers, text } from '../dicomweb/json'
import { TAG } from '../dicomweb/tags'
import type { SpacingSource, UserCalibration } from './measurement'

export interface Spacing {
  readonly source: SpacingSource
  /** mm between rows and between columns; undefined where they are unknown. */
  readonly mmPerPixel: readonly [row: number, column: number] | undefined
  /** Height and width of a pixel where mm are unknown, in widths. */
  readonly shape: readonly [row: number, column: number]
  /** True where mm are those of a shadow on the detector (or of no stated plane), larger than what cast it. */
  readonly atDetector: boolean
  readonly calibration?: UserCalibration
}

const SQUARE = [1, 1] as const

/** Modalities whose images are shadows: their sizes depend on how far things were from the detector. */
const PROJECTIONS: ReadonlySet<string> = new Set(['CR', 'DX', 'MG', 'XA', 'RF', 'PX', 'IO', 'RG', 'RTIMAGE'])

function pairOf(values: readonly number[]): readonly [number, number] | undefined {
  const [row, column] = values
  return row !== undefined && column !== undefined && row > 0 && column > 0 ? [row, column] : undefined
}

/** PixelSpacing of one frame: of its functional groups first (C.7.6.16.2.1), as describeFrame reads it. */
function pixelSpacingOf({ dataSet, frameNumber }: Frame): readonly [number, number] | undefined {
  const own = item(items(dataSet, TAG.PerFrameFunctionalGroupsSequence)[frameNumber - 1], TAG.PixelMeasuresSequence)
  const shared = item(item(dataSet, TAG.SharedFunctionalGroupsSequence), TAG.PixelMeasuresSequence)
  return pairOf(numbers(own ?? shared ?? dataSet, TAG.PixelSpacing))
}

const known = (source: SpacingSource, mmPerPixel: readonly [number, number], atDetector = false): Spacing => ({
  source,
  mmPerPixel,
  shape: SQUARE,
  atDetector,
})

function same(a: readonly [number, number], b: readonly [number, number]): boolean {
  return Math.abs(a[0] - b[0]) < 1e-6 * b[0] && Math.abs(a[1] - b[1]) < 1e-6 * b[1]
}

function projectionSpacing(frame: Frame): Spacing | undefined {
  const { dataSet } = frame
  const given = pixelSpacingOf(frame)
  const imager = pairOf(numbers(dataSet, TAG.ImagerPixelSpacing)) ?? pairOf(numbers(dataSet, TAG.NominalScannedPixelSpacing))
  const calibrationType = text(dataSet, TAG.PixelSpacingCalibrationType)
  if (given && (calibrationType !== undefined || (imager && !same(given, imager)))) return known('calibrated', given)
  const magnification = number(dataSet, TAG.EstimatedRadiographicMagnificationFactor)
  if (imager && magnification !== undefined && magnification > 0) {
    return known('imager-magnification-corrected', [imager[0] / magnification, imager[1] / magnification])
  }
  if (imager) return known('imager', imager, true)
  return given && known('pixel-spacing', given, true)
}

/** calibration: of this image by the reader; it goes before everything that the file says. */
export function spacingOf(frame: Frame, calibration?: UserCalibration): Spacing {
  if (calibration) return { ...known('user-calibration', calibration.mm_per_pixel), calibration }
  // A digitised film has the spacing of its film.
  const hasImager = [TAG.ImagerPixelSpacing, TAG.NominalScannedPixelSpacing].some((tag) => pairOf(numbers(frame.dataSet, tag)))
  const isProjection = hasImager || PROJECTIONS.has(frame.modality ?? '')
  const pixelSpacing = pixelSpacingOf(frame)
  const found = isProjection ? projectionSpacing(frame) : pixelSpacing && known('pixel-spacing', pixelSpacing)
  return found ?? { source: 'none', mmPerPixel: undefined, shape: frame.aspect ?? SQUARE, atDetector: false }
}
