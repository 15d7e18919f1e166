/** What the plan of a dose prescribes: the plan is looked for in the study of the dose. */
import { type DataSet, items, text } from '../../dicomweb/json'
import { prescribedDoses } from '../../dicomweb/plan'
import { TAG } from '../../dicomweb/tags'
import type { DoseGrid } from '../../dicomweb/value-map'
import { datasetsAt, metadataAt } from './frames'
import { type DoseFacts, OverlayError } from './protocol'

const REFERENCED_RT_PLANS = '300C0002'
const REFERENCED_INSTANCE = '00081155'

type Prescribed = Pick<DoseFacts, 'plan' | 'prescription'>

/** The study in an instance's address. */
const studyOf = (address: string): string => address.slice(0, address.indexOf('/series/'))

async function planOf(address: string, uid: string): Promise<DataSet | undefined> {
  const [found] = await datasetsAt(`${studyOf(address)}/instances?SOPInstanceUID=${uid}`)
  const series = text(found, TAG.SeriesInstanceUID)
  return series === undefined ? undefined : metadataAt(`${studyOf(address)}/series/${series}/instances/${uid}`)
}

/**
 * A prescription is for the whole plan: a grid of one beam or fraction, of several plans, or in relative numbers has none that its
 * doses could be told in. A plan that cannot be had leaves the dose readable.
 */
export async function prescribedFor(address: string, dataSet: DataSet, grid: Pick<DoseGrid, 'unit' | 'summation'>): Promise<Prescribed> {
  const plans = items(dataSet, REFERENCED_RT_PLANS).flatMap((one) => text(one, REFERENCED_INSTANCE) ?? [])
  const [uid] = plans
  if (uid === undefined) return { plan: 'none', prescription: undefined }
  if (plans.length > 1 || grid.unit !== 'GY' || grid.summation !== 'PLAN') return { plan: 'part', prescription: undefined }
  try {
    const plan = await planOf(address, uid)
    if (!plan) return { plan: 'away', prescription: undefined }
    const doses = prescribedDoses(plan)
    const [gray] = doses
    return gray === undefined ? { plan: 'unsaid', prescription: undefined } : { plan: 'read', prescription: { gray, targets: doses.length } }
  } catch (error) {
    if (error instanceof OverlayError) return { plan: 'away', prescription: undefined }
    throw error
  }
}
