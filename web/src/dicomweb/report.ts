/** Structured reports of any template as a tree to read (PS3.3 C.17.3, C.18): names, values, units, references. */
import { type DataSet, item, items, numbers, personName, text, texts } from './json'

const T = {
  ValueType: '0040A040',
  RelationshipType: '0040A010',
  ConceptName: '0040A043',
  ContentSequence: '0040A730',
  ConceptCode: '0040A168',
  TextValue: '0040A160',
  DateTime: '0040A120',
  Date: '0040A121',
  Time: '0040A122',
  PersonName: '0040A123',
  UID: '0040A124',
  MeasuredValue: '0040A300',
  NumericValue: '0040A30A',
  NumericQualifier: '0040A301',
  Units: '004008EA',
  ReferencedSOP: '00081199',
  ReferencedSOPClassUID: '00081150',
  ReferencedSOPInstanceUID: '00081155',
  ReferencedFrameNumber: '00081160',
  ReferencedFrameOfReferenceUID: '30060024',
  GraphicType: '00700023',
  GraphicData: '00700022',
  ReferencedContentItem: '0040DB73',
  CodeValue: '00080100',
  CodingScheme: '00080102',
  LongCodeValue: '00080119',
  UrnCodeValue: '00080120',
  CodeMeaning: '00080104',
  CompletionFlag: '0040A491',
  VerificationFlag: '0040A493',
  VerifyingObserver: '0040A073',
  VerifyingObserverName: '0040A075',
  VerificationDateTime: '0040A030',
  ContentDate: '00080023',
  ContentTime: '00080033',
  PredecessorDocuments: '0040A360',
  CurrentEvidence: '0040A375',
  PertinentEvidence: '0040A385',
  ReferencedSeries: '00081115',
  SeriesInstanceUID: '0020000E',
  TemporalRangeType: '0040A130',
} as const

export interface Code {
  readonly value: string
  readonly scheme: string
  readonly meaning: string
}

export interface Reference {
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  /** Empty: the whole object. */
  readonly frameNumbers: readonly number[]
}

export interface ReportItem {
  /** CONTAINS, HAS PROPERTIES, INFERRED FROM …; undefined for the root. */
  readonly relationship: string | undefined
  /** TEXT, NUM, CODE, IMAGE, CONTAINER … */
  readonly valueType: string
  readonly name: Code | undefined
  /** The value as text; undefined for containers and for what is shown by its references. */
  readonly value: string | undefined
  /** The value where it is a code. */
  readonly code: Code | undefined
  /** Of a number. */
  readonly unit: Code | undefined
  /** Why a number has no value. */
  readonly qualifier: Code | undefined
  readonly reference: Reference | undefined
  /** How a graphic is drawn: POINT, POLYLINE, …, and of how many points. */
  readonly graphic: { readonly type: string; readonly points: number } | undefined
  readonly children: readonly ReportItem[]
}

export interface Report {
  readonly root: ReportItem
  readonly complete: boolean
  readonly verified: boolean
  readonly verifiers: readonly { readonly name: string | undefined; readonly at: string | undefined }[]
  readonly contentDate: string | undefined
  readonly contentTime: string | undefined
  readonly replaces: number
  /** Series Instance UID by SOP Instance UID, of everything the report refers to. */
  readonly seriesOf: ReadonlyMap<string, string>
}

/** Deeper trees are cut: no template comes near. */
export const MAX_DEPTH = 64

function codeOf(dataSet: DataSet | undefined): Code | undefined {
  if (!dataSet) return undefined
  const value = text(dataSet, T.CodeValue) ?? text(dataSet, T.LongCodeValue) ?? text(dataSet, T.UrnCodeValue) ?? ''
  const meaning = text(dataSet, T.CodeMeaning) ?? value
  return meaning === '' ? undefined : { value, scheme: text(dataSet, T.CodingScheme) ?? '', meaning }
}

function referenceOf(dataSet: DataSet): Reference | undefined {
  const referenced = item(dataSet, T.ReferencedSOP)
  const sopInstanceUid = text(referenced, T.ReferencedSOPInstanceUID)
  if (sopInstanceUid === undefined) return undefined
  return {
    sopClassUid: text(referenced, T.ReferencedSOPClassUID) ?? '',
    sopInstanceUid,
    frameNumbers: numbers(referenced, T.ReferencedFrameNumber),
  }
}

const GRAPHICS = new Map([['SCOORD', 2], ['SCOORD3D', 3], ['TCOORD', 1]])

function graphicOf(dataSet: DataSet, valueType: string): ReportItem['graphic'] {
  const parts = GRAPHICS.get(valueType)
  if (parts === undefined) return undefined
  const type = text(dataSet, T.GraphicType) ?? text(dataSet, T.TemporalRangeType) ?? ''
  return { type, points: Math.floor(numbers(dataSet, T.GraphicData).length / parts) }
}

/** The value in the words of the file; DS values keep the digits they were written with where they came as text. */
function valueOf(dataSet: DataSet, valueType: string): string | undefined {
  switch (valueType) {
    case 'TEXT':
      return texts(dataSet, T.TextValue).join('\n') || undefined
    case 'CODE':
      return codeOf(item(dataSet, T.ConceptCode))?.meaning
    case 'NUM':
      return text(item(dataSet, T.MeasuredValue), T.NumericValue)
    case 'DATETIME':
      return text(dataSet, T.DateTime)
    case 'DATE':
      return text(dataSet, T.Date)
    case 'TIME':
      return text(dataSet, T.Time)
    case 'PNAME':
      return personName(dataSet, T.PersonName)
    case 'UIDREF':
      return text(dataSet, T.UID)
    default:
      return undefined
  }
}

function itemOf(dataSet: DataSet, depth: number): ReportItem {
  const byReference = dataSet[T.ReferencedContentItem] !== undefined
  const valueType = text(dataSet, T.ValueType) ?? (byReference ? 'REFERENCE' : 'UNKNOWN')
  const measured = item(dataSet, T.MeasuredValue)
  return {
    relationship: text(dataSet, T.RelationshipType),
    valueType,
    name: codeOf(item(dataSet, T.ConceptName)),
    value: byReference ? numbers(dataSet, T.ReferencedContentItem).join('.') : valueOf(dataSet, valueType),
    code: valueType === 'CODE' ? codeOf(item(dataSet, T.ConceptCode)) : undefined,
    unit: codeOf(item(measured, T.Units)),
    qualifier: codeOf(item(dataSet, T.NumericQualifier)),
    reference: referenceOf(dataSet),
    graphic: graphicOf(dataSet, valueType),
    children: depth >= MAX_DEPTH ? [] : items(dataSet, T.ContentSequence).map((child) => itemOf(child, depth + 1)),
  }
}

/** The evidence sequences say in which series each object is (PS3.3 C.17.2). */
function evidence(dataSet: DataSet): Map<string, string> {
  const found = new Map<string, string>()
  for (const study of [...items(dataSet, T.CurrentEvidence), ...items(dataSet, T.PertinentEvidence)]) {
    for (const series of items(study, T.ReferencedSeries)) {
      const uid = text(series, T.SeriesInstanceUID)
      for (const one of items(series, T.ReferencedSOP)) {
        const sopInstanceUid = text(one, T.ReferencedSOPInstanceUID)
        if (uid !== undefined && sopInstanceUid !== undefined) found.set(sopInstanceUid, uid)
      }
    }
  }
  return found
}

export function readReport(dataSet: DataSet): Report {
  return {
    root: itemOf(dataSet, 0),
    complete: text(dataSet, T.CompletionFlag) === 'COMPLETE',
    verified: text(dataSet, T.VerificationFlag) === 'VERIFIED',
    verifiers: items(dataSet, T.VerifyingObserver).map((one) => ({
      name: personName(one, T.VerifyingObserverName),
      at: text(one, T.VerificationDateTime),
    })),
    contentDate: text(dataSet, T.ContentDate),
    contentTime: text(dataSet, T.ContentTime),
    replaces: items(dataSet, T.PredecessorDocuments).length,
    seriesOf: evidence(dataSet),
  }
}

/** Every unit of UCUM that says "no unit". */
export function isNoUnit(unit: Code | undefined): boolean {
  return unit === undefined || unit.value === '1' || unit.value === '{no units}' || unit.meaning.toLowerCase() === 'no units'
}

export function countItems(root: ReportItem): number {
  return root.children.reduce((sum, child) => sum + countItems(child), 1)
}

