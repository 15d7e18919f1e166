/** What the values of a frame are: HU, SUV, Bq/ml, or what the file calls them. */
import type { Frame } from '../dicomweb/frame'
import { item, items, text } from '../dicomweb/json'
import { TAG } from '../dicomweb/tags'
import { type SuvKind, type SuvRefusal, suvOf } from './suv'

export interface ValueUnit {
  /** Multiply values after rescale by this. */
  readonly factor: number
  /** UCUM; '{value}' where nothing is stated. */
  readonly unit: string
  /** Why a PET is not in SUV. */
  readonly suvRefused?: SuvRefusal
}

/** Terms of Rescale Type (PS3.3 C.11.1.1.2) and of Units (C.8.9.1.1.3) in UCUM. */
const UCUM: Readonly<Record<string, string>> = {
  HU: "[hnsf'U]",
  OD: '{OD}',
  MGML: 'mg/ml',
  ED: '{ED}',
  Z_EFF: '{Z_eff}',
  CNTS: '{counts}',
  NONE: '{value}',
  CM2: 'cm2',
  PCNT: '%',
  CPS: '{counts}/s',
  BQML: 'Bq/ml',
  GML: 'g/ml',
  STDDEV: '{SD}',
  '1CM': '/cm',
}

const HOUNSFIELD_CLASSES: ReadonlySet<string> = new Set(['1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.2.1', '1.2.840.10008.5.1.4.1.1.2.2'])

function rescaleTypeOf({ dataSet, frameNumber }: Frame): string | undefined {
  const own = item(items(dataSet, TAG.PerFrameFunctionalGroupsSequence)[frameNumber - 1], TAG.PixelValueTransformationSequence)
  const shared = item(item(dataSet, TAG.SharedFunctionalGroupsSequence), TAG.PixelValueTransformationSequence)
  return text(own ?? shared ?? dataSet, TAG.RescaleType)?.trim()
}

/** CT images are in HU unless they say otherwise (C.8.2.1.1.2); a localizer or a map that says US is in no unit. */
function isHounsfield(frame: Frame, rescaleType: string | undefined): boolean {
  return HOUNSFIELD_CLASSES.has(frame.sopClassUid) && (rescaleType === undefined || rescaleType === 'HU')
}

export function valueUnitOf(frame: Frame, suvKind: SuvKind = 'bw'): ValueUnit {
  const rescaleType = rescaleTypeOf(frame)
  if (isHounsfield(frame, rescaleType)) return { factor: 1, unit: "[hnsf'U]" }
  const stated = frame.modality === 'PT' ? text(frame.dataSet, TAG.Units) : rescaleType
  const unit = stated === undefined ? '{value}' : (UCUM[stated] ?? '{value}')
  if (frame.modality !== 'PT') return { factor: 1, unit }
  const suv = suvOf(frame.dataSet, suvKind)
  return 'refused' in suv ? { factor: 1, unit, suvRefused: suv.refused } : { factor: suv.factor, unit: suv.unit }
}
