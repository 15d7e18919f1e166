/** SOP classes that are shown by other means than a stack of images (PS3.6 Annex A). */
export const SOP = {
  Segmentation: '1.2.840.10008.5.1.4.1.1.66.4',
  LabelMapSegmentation: '1.2.840.10008.5.1.4.1.1.66.7',
  ParametricMap: '1.2.840.10008.5.1.4.1.1.30',
  RtStructureSet: '1.2.840.10008.5.1.4.1.1.481.3',
  RtDose: '1.2.840.10008.5.1.4.1.1.481.2',
  EncapsulatedPdf: '1.2.840.10008.5.1.4.1.1.104.1',
  EncapsulatedCda: '1.2.840.10008.5.1.4.1.1.104.2',
  EncapsulatedStl: '1.2.840.10008.5.1.4.1.1.104.3',
  EncapsulatedObj: '1.2.840.10008.5.1.4.1.1.104.4',
  EncapsulatedMtl: '1.2.840.10008.5.1.4.1.1.104.5',
} as const

const OVERLAYS: ReadonlySet<string> = new Set([SOP.Segmentation, SOP.LabelMapSegmentation, SOP.ParametricMap, SOP.RtStructureSet, SOP.RtDose])
/** Curves over time: ECGs, haemodynamics, respiration, EEG. Voice (…9.4.x) is sound, and presentation states (…9.100.x) are none. */
const WAVEFORMS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.9\.(1\.[1-4]|2\.1|3\.1|5\.1|6\.[12]|7\.[1-4]|8\.1)$/
/** Structured reports, key objects and their kin (PS3.3 A.35). */
const REPORTS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\./
const DOCUMENTS = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.104\./

/** Things that lie on images of other series. */
export function isOverlay(sopClassUid: string | undefined): boolean {
  return sopClassUid !== undefined && OVERLAYS.has(sopClassUid)
}

/** Overlays that are no pictures by themselves. */
export function isOnlyOverlay(sopClassUid: string | undefined): boolean {
  return isOverlay(sopClassUid) && sopClassUid !== SOP.ParametricMap && sopClassUid !== SOP.RtDose
}

export function isWaveform(sopClassUid: string | undefined): boolean {
  return sopClassUid !== undefined && WAVEFORMS.test(sopClassUid)
}

export function isReport(sopClassUid: string | undefined): boolean {
  return sopClassUid !== undefined && REPORTS.test(sopClassUid)
}

export function isEncapsulated(sopClassUid: string | undefined): boolean {
  return sopClassUid !== undefined && DOCUMENTS.test(sopClassUid)
}
