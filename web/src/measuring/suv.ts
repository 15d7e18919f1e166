/**
 * Standardised uptake values of PET, from the header of one image alone (PS3.3 C.8.9; QIBA vendor-neutral pseudo-code, 2018).
 * A field that is missing or cannot be true refuses with its reason; nothing is guessed.
 * Lean body mass is Janmahasatian's (Clin Pharmacokinet 2005;44:1051), body surface DuBois's (Arch Intern Med 1916;17:863).
 */
import { type DataSet, inlineBytes, item, number, text, texts } from '../dicomweb/json'
import { TAG } from '../dicomweb/tags'
import { type Moment, momentOf, secondsBetween } from './moments'

export type SuvKind = 'bw' | 'lbm' | 'bsa'

/** UCUM, with what is meant in braces (CID 85). */
export const SUV_UNIT: Readonly<Record<SuvKind, string>> = {
  bw: 'g/ml{SUVbw}',
  lbm: 'g/ml{SUVlbm}',
  bsa: 'cm2/ml{SUVbsa}',
}

export type SuvRefusal =
  | 'not-pet'
  | 'units'
  | 'attenuation'
  | 'decay'
  | 'decay-reference'
  | 'weight'
  | 'size'
  | 'sex'
  | 'dose'
  | 'half-life'
  | 'injection-time'
  | 'suv-type'

/** factor: SUV = factor · (value after rescale). */
export type Suv = { readonly factor: number; readonly unit: string } | { readonly refused: SuvRefusal }

const refused = (reason: SuvRefusal): Suv => ({ refused: reason })

/** A private element, by the creator of its block (PS3.5 7.8.1). */
function privateText(dataSet: DataSet, group: string, creator: string, element: string): string | undefined {
  for (let block = 0x10; block <= 0xff; block += 1) {
    const code = block.toString(16).toUpperCase().padStart(2, '0')
    if (text(dataSet, `${group}00${code}`)?.trim() !== creator) continue
    const tag = `${group}${code}${element}`
    const bytes = inlineBytes(dataSet[tag])
    // Where the value representation was not sent, the text comes as bytes.
    return bytes ? new TextDecoder('latin1').decode(bytes).replaceAll('\0', '').trim() : text(dataSet, tag)?.trim()
  }
  return undefined
}

function privateNumber(dataSet: DataSet, group: string, creator: string, element: string): number | undefined {
  const read = Number(privateText(dataSet, group, creator, element) ?? Number.NaN)
  return Number.isFinite(read) && read > 0 ? read : undefined
}

function positive(dataSet: DataSet | undefined, tag: string): number | undefined {
  const value = number(dataSet, tag)
  return value !== undefined && value > 0 ? value : undefined
}

/** When the decay of all counts of this image was corrected to, where Decay Correction is START. */
function scanStart(dataSet: DataSet, halfLifeS: number): Moment | undefined {
  const series = momentOf(text(dataSet, TAG.SeriesDate), text(dataSet, TAG.SeriesTime))
  const acquired = momentOf(text(dataSet, TAG.AcquisitionDate), text(dataSet, TAG.AcquisitionTime))
  if (series !== undefined && acquired !== undefined && series <= acquired) return series
  // The series was made after the scan (reconstructed again): its time tells nothing of decay.
  const ge = privateText(dataSet, '0009', 'GEMS_PETD_01', '0D')
  const byGe = ge === undefined ? undefined : momentOf(ge.slice(0, 8), ge.slice(8))
  if (byGe !== undefined) return byGe
  const referenceMs = positive(dataSet, TAG.FrameReferenceTime)
  const durationMs = positive(dataSet, TAG.ActualFrameDuration)
  if (acquired === undefined || referenceMs === undefined || durationMs === undefined) return undefined
  // Frame reference time is when the count rate was average, from the reference on; within the frame that moment is known.
  const rate = Math.LN2 / halfLifeS
  const durationS = durationMs / 1000
  const averageS = Math.log((rate * durationS) / (1 - Math.exp(-rate * durationS))) / rate
  return acquired + averageS * 1000 - referenceMs
}

function injection(dataSet: DataSet, drug: DataSet | undefined, scan: Moment): Moment | undefined {
  const whole = text(drug, TAG.RadiopharmaceuticalStartDateTime)
  if (whole) return momentOf(whole.slice(0, 8), whole.slice(8))
  const time = text(drug, TAG.RadiopharmaceuticalStartTime)
  const sameDay = momentOf(text(dataSet, TAG.SeriesDate) ?? text(dataSet, TAG.AcquisitionDate), time)
  // A time without a date, later than the scan: given before midnight.
  return sameDay !== undefined && sameDay > scan ? sameDay - 86_400_000 : sameDay
}

/** Bq that are left of the injected dose at the moment that pixels were corrected to. */
function doseLeft(dataSet: DataSet): number | SuvRefusal {
  const drug = item(dataSet, TAG.RadiopharmaceuticalInformationSequence)
  const dose = positive(drug, TAG.RadionuclideTotalDose)
  if (dose === undefined) return 'dose'
  const correction = text(dataSet, TAG.DecayCorrection)
  if (correction === 'ADMIN') return dose
  if (correction !== 'START') return 'decay'
  const halfLifeS = positive(drug, TAG.RadionuclideHalfLife)
  if (halfLifeS === undefined) return 'half-life'
  const scan = scanStart(dataSet, halfLifeS)
  if (scan === undefined) return 'decay-reference'
  const given = injection(dataSet, drug, scan)
  if (given === undefined) return 'injection-time'
  const elapsedS = secondsBetween(given, scan)
  // Ten half-lives leave a thousandth: nobody scans then, a date is wrong.
  if (elapsedS < 0 || elapsedS > 10 * halfLifeS) return 'injection-time'
  return dose * 2 ** (-elapsedS / halfLifeS)
}

/** Values to Bq/ml times this; a refusal where pixels are not counts that were corrected. */
function toActivity(dataSet: DataSet): number | SuvRefusal {
  const corrected = texts(dataSet, TAG.CorrectedImage)
  if (!corrected.includes('ATTN')) return 'attenuation'
  if (!corrected.includes('DECY')) return 'decay'
  const units = text(dataSet, TAG.Units)
  if (units === 'BQML') return 1
  const philips = units === 'CNTS' ? privateNumber(dataSet, '7053', 'Philips PET Private Group', '09') : undefined
  return philips ?? 'units'
}

/** g for body weight and lean body mass, cm² for body surface. */
function bodySize(dataSet: DataSet, kind: SuvKind): number | SuvRefusal {
  const weightKg = positive(dataSet, TAG.PatientWeight)
  if (weightKg === undefined) return 'weight'
  if (kind === 'bw') return weightKg * 1000
  const heightM = positive(dataSet, TAG.PatientSize)
  // Some devices write centimetres; then no formula may run.
  if (heightM === undefined || heightM > 3) return 'size'
  if (kind === 'bsa') return 0.007184 * weightKg ** 0.425 * (heightM * 100) ** 0.725 * 10_000
  const bmi = weightKg / heightM ** 2
  const sex = text(dataSet, TAG.PatientSex)
  if (sex === 'M') return ((9270 * weightKg) / (6680 + 216 * bmi)) * 1000
  if (sex === 'F') return ((9270 * weightKg) / (8780 + 244 * bmi)) * 1000
  return 'sex'
}

/** Pixels that hold SUV by body weight already; the other kinds follow from the body alone. */
function fromBodyWeight(dataSet: DataSet, kind: SuvKind, factor: number): Suv {
  if (kind === 'bw') return { factor, unit: SUV_UNIT.bw }
  const [size, weight] = [bodySize(dataSet, kind), bodySize(dataSet, 'bw')]
  if (typeof size === 'string') return refused(size)
  if (typeof weight === 'string') return refused(weight)
  return { factor: (factor * size) / weight, unit: SUV_UNIT[kind] }
}

/** What the pixels hold where the device has computed SUV itself (0054,1006); BW where it does not say. */
const STORED_TYPES: Readonly<Record<string, SuvKind>> = { BW: 'bw', LBMJANMA: 'lbm', BSA: 'bsa' }

function stored(dataSet: DataSet, kind: SuvKind): Suv {
  const type = STORED_TYPES[text(dataSet, TAG.SUVType) ?? 'BW']
  if (type === 'bw') return fromBodyWeight(dataSet, kind, 1)
  return type === kind ? { factor: 1, unit: SUV_UNIT[kind] } : refused('suv-type')
}

export function suvOf(dataSet: DataSet, kind: SuvKind): Suv {
  if (text(dataSet, TAG.Modality) !== 'PT') return refused('not-pet')
  const units = text(dataSet, TAG.Units)
  if (units === 'GML' || units === 'CM2ML') return stored(dataSet, kind)
  const philips = units === 'CNTS' ? privateNumber(dataSet, '7053', 'Philips PET Private Group', '00') : undefined
  if (philips !== undefined) return fromBodyWeight(dataSet, kind, philips)
  const [activity, size, dose] = [toActivity(dataSet), bodySize(dataSet, kind), doseLeft(dataSet)]
  if (typeof activity === 'string') return refused(activity)
  if (typeof size === 'string') return refused(size)
  if (typeof dose === 'string') return refused(dose)
  return { factor: (activity * size) / dose, unit: SUV_UNIT[kind] }
}
