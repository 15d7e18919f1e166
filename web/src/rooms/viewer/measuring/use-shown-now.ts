/** The image in the active viewport. */
import { keyOf } from '../../../dicomweb/addresses'
import type { Frame } from '../../../dicomweb/frame'
import { frameOf } from '../../../viewport/known-frames'
import { useViewPart } from '../../../viewport/use-view-state'
import { useRoom } from '../context'

export function useShownNow(): { readonly imageId: string; readonly frame: Frame; readonly studyInstanceUid: string } | undefined {
  const imageId = useViewPart(useRoom().view, (state) => state.imageId)
  const frame = frameOf(imageId)
  return imageId !== undefined && frame ? { imageId, frame, studyInstanceUid: keyOf(imageId).studyInstanceUid } : undefined
}
