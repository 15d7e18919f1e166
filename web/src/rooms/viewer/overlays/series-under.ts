/** The series that an overlay belongs on, among those of the room. */
import { instanceAddress } from '../../../dicomweb/addresses'
import { text } from '../../../dicomweb/json'
import { TAG } from '../../../dicomweb/tags'
import type { OverlayDescription } from '../../../viewport/overlays/protocol'
import type { Room } from '../context'
import { placedSeries } from '../documents/jump-to'
import { dataSetAt } from '../documents/use-instances'
import type { Placed } from '../viewer-state'

/** More series than these are not asked for their frame of reference, one by one. */
const MOST_ASKED = 40

interface Candidate extends Placed {
  readonly address: string
}

function candidates(room: Room): Candidate[] {
  return [...room.studies].flatMap(([studyInstanceUid, { series }]) =>
    series.flatMap(({ series_instance_uid: seriesInstanceUid, drawable, first }) =>
      drawable && first
        ? [{ studyInstanceUid, seriesInstanceUid, address: instanceAddress({ studyInstanceUid, seriesInstanceUid, sopInstanceUid: first.sop_instance_uid }) }]
        : [],
    ),
  )
}

/** As the object says; where it says nothing, or names what is not here, the first series in its frame of reference. */
export async function seriesUnder(room: Room, description: OverlayDescription): Promise<Placed | undefined> {
  const named = description.referencedSeries.map((uid) => placedSeries(room, uid)).find(Boolean)
  if (named) return named
  for (const { studyInstanceUid, seriesInstanceUid, address } of candidates(room).slice(0, MOST_ASKED)) {
    const dataSet = await dataSetAt(address).catch(() => undefined)
    const frameOfReference = text(dataSet, TAG.FrameOfReferenceUID)
    if (frameOfReference !== undefined && description.frameOfReferenceUids.includes(frameOfReference)) return { studyInstanceUid, seriesInstanceUid }
  }
  return undefined
}
