/** Windows (PS3.3 C.11.2.1.2): the presets radiologists expect by modality. */
import type { WindowSetting } from '../dicomweb/frame'

export type PresetName = 'Brain' | 'Subdural' | 'Lung' | 'Bone' | 'Abdomen' | 'Mediastinum' | 'Liver' | 'Angio'

export interface WindowPreset extends WindowSetting {
  readonly preset: PresetName
}

/** In HU. */
const CT_PRESETS: readonly WindowPreset[] = [
  { preset: 'Abdomen', centre: 40, width: 400 },
  { preset: 'Mediastinum', centre: 50, width: 350 },
  { preset: 'Lung', centre: -600, width: 1500 },
  { preset: 'Bone', centre: 400, width: 2000 },
  { preset: 'Brain', centre: 40, width: 80 },
  { preset: 'Subdural', centre: 75, width: 215 },
  { preset: 'Liver', centre: 60, width: 160 },
  { preset: 'Angio', centre: 300, width: 600 },
]

export function presetsFor(modality: string | undefined): readonly WindowPreset[] {
  return modality === 'CT' ? CT_PRESETS : []
}

export { type Range, rangeOf, windowOf } from '../dicomweb/voi'
