/** Windows (PS3.3 C.11.2.1.2) that radiologists expect by modality and body part. */
import type { Frame, WindowSetting } from '../dicomweb/frame'
import { text } from '../dicomweb/json'
import { TAG } from '../dicomweb/tags'

export type PresetName =
  | 'Brain' | 'Subdural' | 'Stroke' | 'TemporalBone' | 'Lung' | 'Bone' | 'Abdomen' | 'Mediastinum' | 'Liver' | 'Angio' | 'Neck' | 'Spine' | 'Extremity'

export interface WindowPreset extends WindowSetting {
  readonly preset: PresetName
}

/** In HU. */
const HOUNSFIELD: Readonly<Record<PresetName, WindowSetting>> = {
  Abdomen: { centre: 40, width: 400 },
  Mediastinum: { centre: 50, width: 350 },
  Lung: { centre: -600, width: 1500 },
  Bone: { centre: 400, width: 2000 },
  Brain: { centre: 40, width: 80 },
  Subdural: { centre: 75, width: 215 },
  Stroke: { centre: 40, width: 40 },
  TemporalBone: { centre: 600, width: 4000 },
  Liver: { centre: 60, width: 160 },
  Angio: { centre: 300, width: 600 },
  Neck: { centre: 50, width: 250 },
  Spine: { centre: 50, width: 250 },
  Extremity: { centre: 50, width: 400 },
}

type BodyPart = 'head' | 'neck' | 'chest' | 'abdomen' | 'spine' | 'extremity'

/** What is looked at first in each part of the body; the rest follows. */
const FIRST: Readonly<Record<BodyPart, readonly PresetName[]>> = {
  head: ['Brain', 'Subdural', 'Stroke', 'Bone', 'TemporalBone'],
  neck: ['Neck', 'Bone', 'Angio'],
  chest: ['Lung', 'Mediastinum', 'Bone', 'Angio'],
  abdomen: ['Abdomen', 'Liver', 'Bone', 'Angio', 'Lung'],
  spine: ['Spine', 'Bone', 'Abdomen'],
  extremity: ['Extremity', 'Bone', 'Angio'],
}
const USUAL: readonly PresetName[] = ['Abdomen', 'Mediastinum', 'Lung', 'Bone', 'Brain', 'Subdural', 'Liver', 'Angio']

/** By Body Part Examined (PS3.16 CID 4), else by the words of the descriptions, in English and Chinese. */
const WORDS: Readonly<Record<BodyPart, RegExp>> = {
  neck: /neck|cervix.?colli|颈部|颈血管/i,
  spine: /spine|lumbar|l-?spine|c-?spine|t-?spine|脊|腰椎|颈椎|胸椎/i,
  head: /head|brain|skull|cran|orbit|sinus|temporal|iac|头|颅|脑|鼻窦|眼眶|颞骨/i,
  chest: /chest|thorax|lung|heart|cardiac|coronary|胸|肺|心|冠脉/i,
  abdomen: /abdomen|abdominal|pelvis|liver|kidney|pancreas|colon|腹|盆|肝|肾|胰/i,
  extremity: /extremity|knee|ankle|foot|hand|wrist|elbow|shoulder|hip|femur|tibia|leg|arm|膝|踝|足|手|腕|肘|肩|髋|股骨|胫/i,
}

export function bodyPartOf(frame: Frame): BodyPart | undefined {
  const { dataSet } = frame
  for (const tag of [TAG.BodyPartExamined, TAG.SeriesDescription, TAG.StudyDescription]) {
    const words = text(dataSet, tag)
    const found = (Object.keys(WORDS) as BodyPart[]).find((part) => words && WORDS[part].test(words))
    if (found) return found
  }
  return undefined
}

/** For CT alone: other modalities have no scale of their own. */
export function presetsFor(frame: Frame): readonly WindowPreset[] {
  if (frame.modality !== 'CT') return []
  const part = bodyPartOf(frame)
  const names = [...new Set([...(part ? FIRST[part] : []), ...USUAL])]
  return names.map((preset) => ({ preset, ...HOUNSFIELD[preset] }))
}

export { type Range, rangeOf, windowOf } from '../dicomweb/voi'
