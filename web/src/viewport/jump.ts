/** "Show me this image": asked by reports and lists, answered by the first viewport whose stack has the image. */
import { createStore } from '../kit/store'
import { frameOf } from './known-frames'
import type { Part } from './overlays/protocol'
import { heightsOf, indexOfImage, lyingOn, type WantedImage } from './overlays/where'
import type { StackView } from './stack-view'

export const wantedImage = createStore<WantedImage | undefined>(undefined)
/** The same for segments or regions: the middle slice of the first of them that lies on the stack. */
export const wantedParts = createStore<readonly Part[]>([])

/** The middle one of the slices that a part lies on; undefined where it lies on none of this stack. */
export function middleOf(part: Part, view: StackView): number | undefined {
  const stack = view.stack()
  const { on } = lyingOn(part, stack, heightsOf(stack.map(frameOf)))
  return on[on.length >> 1]
}

/** Scrolls a viewport to the first of the wanted parts that lies on its stack. */
export function answerWithPart(view: StackView): boolean {
  for (const part of wantedParts.get()) {
    const index = middleOf(part, view)
    if (index === undefined) continue
    wantedParts.set([])
    void view.scrollTo(index)
    return true
  }
  return false
}

/** Scrolls a viewport to the wanted image if it has it. */
export function answerWith(view: StackView): boolean {
  const wanted = wantedImage.get()
  const index = wanted ? indexOfImage(view.stack(), wanted) : -1
  if (index < 0) return false
  wantedImage.set(undefined)
  void view.scrollTo(index)
  return true
}
