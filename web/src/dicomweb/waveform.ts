/** Waveforms read from DICOM JSON (PS3.3 A.34, C.10.9; PS3.5 8.3): channels as numbers in their own unit. No filter is applied. */
import { type DataSet, inlineBytes, item, items, number, numbers, text } from './json'

const T = {
  WaveformSequence: '54000100',
  WaveformData: '54001010',
  BitsAllocated: '54001004',
  SampleInterpretation: '54001006',
  PaddingValue: '5400100A',
  NumberOfChannels: '003A0005',
  NumberOfSamples: '003A0010',
  SamplingFrequency: '003A001A',
  GroupLabel: '003A0020',
  ChannelDefinition: '003A0200',
  ChannelLabel: '003A0203',
  ChannelSource: '003A0208',
  Sensitivity: '003A0210',
  SensitivityUnits: '003A0211',
  CorrectionFactor: '003A0212',
  Baseline: '003A0213',
  FilterLow: '003A0220',
  FilterHigh: '003A0221',
  Notch: '003A0222',
  WaveformOriginality: '003A0004',
  CodeValue: '00080100',
  CodeMeaning: '00080104',
  AnnotationSequence: '0040B020',
  AnnotationText: '00700006',
  ConceptName: '0040A043',
  ConceptCode: '0040A168',
  NumericValue: '0040A30A',
  Units: '004008EA',
} as const

export interface Channel {
  readonly name: string
  /** UCUM; undefined where the file gives no sensitivity: then the numbers are as stored. */
  readonly unit: string | undefined
  /** NaN where the device stored padding. */
  readonly values: Float64Array
  /** What the device did before it stored, Hz. */
  readonly lowHz: number | undefined
  readonly highHz: number | undefined
  readonly notchHz: number | undefined
}

export interface WaveformGroup {
  readonly label: string | undefined
  readonly samplesPerSecond: number
  readonly originality: string | undefined
  readonly channels: readonly Channel[]
}

export interface WaveformNote {
  readonly name: string | undefined
  readonly value: string
}

/** Where the bytes of each group's samples are: in the JSON, or at an address. */
export interface WaveformSource {
  readonly dataSet: DataSet
  readonly bytes: Uint8Array | undefined
  readonly address: string | undefined
}

export function waveformSources(dataSet: DataSet): WaveformSource[] {
  return items(dataSet, T.WaveformSequence).map((group) => ({
    dataSet: group,
    bytes: inlineBytes(group[T.WaveformData]),
    address: group[T.WaveformData]?.BulkDataURI,
  }))
}

type Read = (view: DataView, at: number) => number

/** Sample interpretations with their bytes; companded MB and AB are voice, not drawn (PS3.3 C.10.9.1.5). */
const READERS: Readonly<Record<string, readonly [bytes: number, read: Read]>> = {
  SB: [1, (view, at) => view.getInt8(at)],
  UB: [1, (view, at) => view.getUint8(at)],
  SS: [2, (view, at) => view.getInt16(at, true)],
  US: [2, (view, at) => view.getUint16(at, true)],
  SL: [4, (view, at) => view.getInt32(at, true)],
  UL: [4, (view, at) => view.getUint32(at, true)],
}

function channelOf(definition: DataSet, stored: Float64Array): Channel {
  const sensitivity = number(definition, T.Sensitivity)
  const unit = text(item(definition, T.SensitivityUnits), T.CodeValue)
  const known = sensitivity !== undefined && unit !== undefined
  const slope = known ? sensitivity * (number(definition, T.CorrectionFactor) ?? 1) : 1
  const baseline = known ? (number(definition, T.Baseline) ?? 0) : 0
  const source = item(definition, T.ChannelSource)
  return {
    name: shortName(text(source, T.CodeMeaning) ?? text(definition, T.ChannelLabel) ?? ''),
    unit: known ? unit : undefined,
    values: stored.map((value) => value * slope + baseline),
    lowHz: number(definition, T.FilterLow),
    highHz: number(definition, T.FilterHigh),
    notchHz: number(definition, T.Notch),
  }
}

/** "Lead aVR (Einthoven)" is aVR on paper. */
function shortName(meaning: string): string {
  return meaning.replace(/^lead\s+/i, '').replace(/\s*\(.*\)$/, '')
}

/** Raises RangeError when the samples cannot be read: an unknown interpretation, or fewer bytes than are said. */
export function readGroup({ dataSet }: WaveformSource, bytes: Uint8Array): WaveformGroup {
  const [width, read] = READERS[text(dataSet, T.SampleInterpretation) ?? ''] ?? []
  const channels = number(dataSet, T.NumberOfChannels) ?? 0
  const samples = number(dataSet, T.NumberOfSamples) ?? 0
  const samplesPerSecond = number(dataSet, T.SamplingFrequency)
  if (!width || !read || !samplesPerSecond || number(dataSet, T.BitsAllocated) !== width * 8) throw new RangeError('interpretation')
  if (channels < 1 || samples < 1 || bytes.byteLength < channels * samples * width) throw new RangeError('samples')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const padding = paddingOf(dataSet, width, read)
  const definitions = items(dataSet, T.ChannelDefinition)
  return {
    label: text(dataSet, T.GroupLabel),
    samplesPerSecond,
    originality: text(dataSet, T.WaveformOriginality),
    channels: Array.from({ length: channels }, (_, channel) => {
      const stored = Float64Array.from({ length: samples }, (_unused, sample) => {
        const value = read(view, (sample * channels + channel) * width)
        return value === padding ? Number.NaN : value
      })
      return channelOf(definitions[channel] ?? {}, stored)
    }),
  }
}

function paddingOf(dataSet: DataSet, width: number, read: Read): number | undefined {
  const bytes = inlineBytes(dataSet[T.PaddingValue])
  if (bytes && bytes.byteLength >= width) return read(new DataView(bytes.buffer), 0)
  return numbers(dataSet, T.PaddingValue)[0]
}

/** What the device wrote beside the curves: its own words and its own measurements. */
export function waveformNotes(dataSet: DataSet): WaveformNote[] {
  return items(dataSet, T.AnnotationSequence).flatMap((note) => {
    const name = text(item(note, T.ConceptName), T.CodeMeaning)
    const coded = text(item(note, T.ConceptCode), T.CodeMeaning)
    const unit = text(item(note, T.Units), T.CodeValue)
    const measured = text(note, T.NumericValue)
    const value = text(note, T.AnnotationText) ?? coded ?? (measured === undefined ? undefined : [measured, unit].filter(Boolean).join(' '))
    return value === undefined ? [] : [{ name, value }]
  })
}

/** Millivolts per unit; undefined when the unit is no voltage. */
export function millivoltsPer(unit: string | undefined): number | undefined {
  return unit === undefined ? undefined : { uV: 0.001, mV: 1, V: 1000 }[unit]
}
