/** Scrolling to where a segment or region lies. */
import { middleOf, wantedParts } from '../../../viewport/jump'
import type { Part } from '../../../viewport/overlays/protocol'
import type { Room } from '../context'

/** In the active viewport if the part lies there; else in the next one that gets a stack where it does. */
export function jumpToPart(room: Room, part: Part): void {
  const index = room.view && middleOf(part, room.view)
  if (room.view && index !== undefined) void room.view.scrollTo(index)
  else wantedParts.set([part])
}
