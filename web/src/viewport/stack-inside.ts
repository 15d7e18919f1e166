/** What cornerstone keeps to itself of a stack: a stack that grows must not be set anew, which would blank the canvas and lose the window. */
import type { StackViewport } from '@cornerstonejs/core'

export interface StackInside {
  imageIds: string[]
  imageKeyToIndexMap: Map<string, number>
  currentImageIdIndex: number
  targetImageIdIndex: number
  /** Whether the window was chosen, and is kept from image to image. */
  voiUpdatedWithSetProperties: boolean
}

export function insideOf(viewport: StackViewport): StackInside {
  return viewport as unknown as StackInside
}

/** Gives the viewport more, or differently ordered, images; the one at index is the one on its canvas. */
export function replaceStack(viewport: StackViewport, imageIds: readonly string[], index: number): void {
  const inside = insideOf(viewport)
  inside.imageIds = [...imageIds]
  inside.imageKeyToIndexMap.clear()
  for (const [at, imageId] of imageIds.entries()) {
    inside.imageKeyToIndexMap.set(imageId, at)
    inside.imageKeyToIndexMap.set(imageId.slice(imageId.indexOf(':') + 1), at)
  }
  inside.currentImageIdIndex = index
  inside.targetImageIdIndex = index
}
