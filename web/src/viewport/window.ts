/** Windows (PS3.3 C.11.2.1.2): the presets radiologists expect by modality, and the step from a window to a range. */
import type { VoiFunction, WindowSetting } from '../dicomweb/frame'

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

export interface Range {
  readonly lower: number
  readonly upper: number
}

/** The values that become black and white. LINEAR is off by a half and a one, as the standard defines it. */
export function rangeOf({ centre, width }: WindowSetting, voiFunction: VoiFunction = 'LINEAR'): Range {
  if (voiFunction !== 'LINEAR') return { lower: centre - width / 2, upper: centre + width / 2 }
  const lower = centre - 0.5 - (width - 1) / 2
  return { lower, upper: width > 1 ? lower + width - 1 : lower + 1e-6 }
}

export function windowOf({ lower, upper }: Range, voiFunction: VoiFunction = 'LINEAR'): WindowSetting {
  if (voiFunction !== 'LINEAR') return { centre: (lower + upper) / 2, width: upper - lower }
  return { centre: (lower + upper + 1) / 2, width: upper - lower + 1 }
}
