/** Giving back the memory of images that nothing shows any more. */
import { cache } from '@cornerstonejs/core'

import { frames } from './frame-bytes'
import { forgetKnown } from './known-frames'

export function forgetImages(imageIds: readonly string[]): void {
  forgetKnown(imageIds)
  frames.forget(imageIds)
  for (const imageId of imageIds) if (cache.getImageLoadObject(imageId)) cache.removeImageLoadObject(imageId)
}
