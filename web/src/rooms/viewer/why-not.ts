/** Why a series is not shown as a picture, and what it is counted in. */
import { useTranslation } from 'react-i18next'

import type { Series } from '../../api/types'

type Told = Pick<Series, 'why_not' | 'modality'>

/** What objects of a modality are that never hold a picture (PS3.3 C.7.3.1.1.1). */
const KINDS = {
  SR: 'viewer.whyReport',
  KO: 'viewer.whyReport',
  PR: 'viewer.whyPresentation',
  SEG: 'viewer.whySegmentation',
  SURF: 'viewer.whySegmentation',
  RTSTRUCT: 'viewer.whySegmentation',
  PLAN: 'viewer.whyPlan',
  RTPLAN: 'viewer.whyPlan',
  RTRECORD: 'viewer.whyTreatment',
  RWV: 'viewer.whyValueMap',
  REG: 'viewer.whyRegistration',
  FID: 'viewer.whyFiducials',
  ECG: 'viewer.whyWaveform',
  HD: 'viewer.whyWaveform',
  EPS: 'viewer.whyWaveform',
  RESP: 'viewer.whyWaveform',
  DOC: 'viewer.whyPdf',
} as const

const REASONS = {
  pdf: 'viewer.whyPdf',
  'encapsulated-document': 'viewer.whyPdf',
  video: 'viewer.whyVideo',
  'unsupported-syntax': 'viewer.whySyntax',
  overlay: 'viewer.whySegmentation',
} as const

export type WhyNot = (typeof KINDS)[keyof typeof KINDS] | (typeof REASONS)[keyof typeof REASONS] | 'viewer.whyNoPixels' | 'viewer.whyOther'

function has<T extends object>(table: T, key: string | null): key is keyof T & string {
  return key !== null && Object.hasOwn(table, key)
}

/** The key of the words for why a series is not drawn. */
export function whyNot({ why_not: reason, modality }: Told): WhyNot {
  if (has(REASONS, reason)) return REASONS[reason]
  if (reason !== null && reason !== 'no-pixels') return 'viewer.whyOther'
  return has(KINDS, modality) ? KINDS[modality] : 'viewer.whyNoPixels'
}

/** Whether there is a picture in it at all, drawn here or not: only then is it counted in images. */
export function holdsPictures({ drawable, why_not: reason }: Pick<Series, 'drawable' | 'why_not'>): boolean {
  return drawable || reason === 'video' || reason === 'unsupported-syntax'
}

export function useWhyNot(): (series: Series) => string {
  const { t } = useTranslation()
  return (series) => t(whyNot(series), { reason: series.why_not ?? '', modality: series.modality ?? '' })
}
