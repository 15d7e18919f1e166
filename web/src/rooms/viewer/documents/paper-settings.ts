/** Measures of squared paper. */
import { type Channel, millivoltsPer } from '../../../dicomweb/waveform'

/** Room for one channel, mm of paper. */
export const ROW_MM = 20
/** At the left, for the name and the calibration mark. */
export const MARGIN_MM = 14
/** So much is drawn at once; longer recordings are paged. */
export const PAGE_SECONDS = 10

export interface PaperSettings {
  readonly mmPerSecond: number
  readonly mmPerMillivolt: number
  readonly pixelsPerMm: number
  /** Seconds from the beginning of the recording. */
  readonly from: number
}

/** mm of paper for one unit: as set for voltages; what is none is fitted into its row, and its own scale is written beside it. */
export function mmPerUnit({ unit, values }: Channel, mmPerMillivolt: number): { readonly mm: number; readonly fitted: boolean } {
  const millivolts = millivoltsPer(unit)
  if (millivolts !== undefined) return { mm: millivolts * mmPerMillivolt, fitted: false }
  const largest = values.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 0)
  return { mm: largest > 0 ? (ROW_MM / 2 - 1) / largest : 1, fitted: true }
}
