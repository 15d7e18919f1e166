/** Radiotherapy plans (PS3.3 A.20): what they prescribe (C.8.8.10). */
import { type DataSet, items, number, text } from './json'

const T = {
  DoseReferenceSequence: '300A0010',
  DoseReferenceType: '300A0020',
  TargetPrescriptionDose: '300A0026',
} as const

/** Prescribed doses of the targets, Gy, falling, each once; doses to organs at risk are none of them. */
export function prescribedDoses(plan: DataSet): number[] {
  const doses = items(plan, T.DoseReferenceSequence).flatMap((one) => {
    const dose = number(one, T.TargetPrescriptionDose)
    return text(one, T.DoseReferenceType) === 'TARGET' && dose !== undefined && dose > 0 ? [dose] : []
  })
  return [...new Set(doses)].sort((a, b) => b - a)
}
