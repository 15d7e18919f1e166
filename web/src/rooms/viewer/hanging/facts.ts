/** What hanging protocols are matched against: plain facts of a study, from its summary and, for projections, its instances. */
import type { Series, Study } from '../../../api/types'
import { type DataSet, item, items, text } from '../../../dicomweb/json'
import { TAG } from '../../../dicomweb/tags'
import type { Laterality, ViewName } from './document'

export interface ImageFacts {
  readonly sopInstanceUid: string
  readonly laterality: Laterality | undefined
  readonly view: ViewName | undefined
  /** A spot, magnified or otherwise special view: hung only where nothing plainer is. */
  readonly special: boolean
  /** Meant for a computer and not for eyes (PresentationIntentType FOR PROCESSING). */
  readonly forProcessing: boolean
}

export interface SeriesFacts {
  readonly seriesInstanceUid: string
  readonly modality: string | undefined
  readonly number: number | undefined
  readonly description: string
  readonly bodyPart: string | undefined
  readonly count: number
  readonly drawable: boolean
  /** Empty where nobody asked for them. */
  readonly images: readonly ImageFacts[]
}

export interface StudyFacts {
  readonly studyInstanceUid: string
  /** YYYYMMDD, '' when not known. */
  readonly date: string
  readonly description: string
  readonly series: readonly SeriesFacts[]
}

/** Modalities whose images are told apart by projection, and need their instances looked at. */
export const PROJECTIONS: ReadonlySet<string> = new Set(['MG', 'CR', 'DX', 'RG', 'PX'])

/** View codes (PS3.16 CID 4014, 4010; SCT, and the SRT codes of before 2019 that archives are full of). */
const VIEW_CODES: Readonly<Record<string, ViewName>> = {
  '399162004': 'CC',
  'R-10242': 'CC',
  '399368009': 'MLO',
  'R-10226': 'MLO',
  '399260004': 'ML',
  'R-10224': 'ML',
  '399352003': 'LM',
  'R-10228': 'LM',
  '272479007': 'PA',
  'R-10214': 'PA',
  'R-40888': 'PA',
  '399348003': 'AP',
  'R-10206': 'AP',
  '399067008': 'LAT',
  '399173006': 'LAT',
  'R-10236': 'LAT',
  '399198007': 'LAT',
  'R-10232': 'LAT',
}

/** View Position (0018,5101) in the words devices use. */
const VIEW_POSITIONS: Readonly<Record<string, ViewName>> = {
  CC: 'CC',
  MLO: 'MLO',
  ML: 'ML',
  LM: 'LM',
  PA: 'PA',
  AP: 'AP',
  LL: 'LAT',
  RL: 'LAT',
  LAT: 'LAT',
  LATERAL: 'LAT',
  LLAT: 'LAT',
  RLAT: 'LAT',
}

function viewOf(dataSet: DataSet): ViewName | undefined {
  const code = text(item(dataSet, TAG.ViewCodeSequence), TAG.CodeValue)?.trim() ?? ''
  const position = text(dataSet, TAG.ViewPosition)?.trim().toUpperCase() ?? ''
  return VIEW_CODES[code] ?? VIEW_POSITIONS[position]
}

function lateralityOf(dataSet: DataSet): Laterality | undefined {
  const side = (text(dataSet, TAG.ImageLaterality) ?? text(dataSet, TAG.Laterality))?.trim().toUpperCase()
  return side === 'L' || side === 'R' ? side : undefined
}

export function imageFactsOf(dataSet: DataSet): ImageFacts {
  const modifiers = items(item(dataSet, TAG.ViewCodeSequence), TAG.ViewModifierCodeSequence)
  return {
    sopInstanceUid: text(dataSet, TAG.SOPInstanceUID) ?? '',
    laterality: lateralityOf(dataSet),
    view: viewOf(dataSet),
    special: modifiers.length > 0,
    forProcessing: text(dataSet, TAG.PresentationIntentType)?.trim() === 'FOR PROCESSING',
  }
}

function seriesFactsOf(series: Series, images: readonly ImageFacts[]): SeriesFacts {
  return {
    seriesInstanceUid: series.series_instance_uid,
    modality: series.modality ?? undefined,
    number: series.series_number ?? undefined,
    description: series.series_description ?? '',
    bodyPart: series.body_part_examined ?? undefined,
    count: series.frame_count || series.instance_count,
    drawable: series.drawable,
    images,
  }
}

/** images: by Series Instance UID, where they were asked for. */
export function studyFactsOf(study: Study, images: Readonly<Record<string, readonly ImageFacts[]>> = {}): StudyFacts {
  return {
    studyInstanceUid: study.study_instance_uid,
    date: study.study_date ?? '',
    description: study.study_description ?? '',
    series: study.series.map((one) => seriesFactsOf(one, images[one.series_instance_uid] ?? [])),
  }
}

/** Whether hanging this study well needs a look at its instances. */
export function needsImageFacts(study: Pick<Study, 'series'>): boolean {
  return study.series.some((one) => one.drawable && PROJECTIONS.has(one.modality ?? ''))
}
