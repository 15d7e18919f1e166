/** Two fingers: the picture stays under them, as far apart and wherever they go. */
import { getEnabledElement, type StackViewport } from '@cornerstonejs/core'
import { BaseTool, type Types } from '@cornerstonejs/tools'

import { pinch } from './camera'
import type { ScreenPoint } from './geometry'

type Drag = Types.EventTypes.TouchDragEventType

/** Closer than this two fingers say nothing of how far apart they go, CSS pixels. */
const TOO_CLOSE = 8

export class PinchTool extends BaseTool {
  static override toolName = 'IsocenterPinch'

  constructor(tool: Types.PublicToolProps = {}) {
    super(tool, { supportedInteractionTypes: ['Touch'], configuration: {} })
  }

  touchDragCallback({ detail }: Drag): void {
    const viewport = getEnabledElement(detail.element)?.viewport as StackViewport | undefined
    const [before, now] = [detail.lastPointsList, detail.currentPointsList].map((points) => points.map(({ canvas }) => canvas as ScreenPoint))
    const [a, b] = before ?? []
    const [c, d] = now ?? []
    if (!viewport || before?.length !== 2 || now?.length !== 2 || !a || !b || !c || !d) return
    const [was, is] = [apart(a, b), apart(c, d)]
    pinch(viewport, was > TOO_CLOSE && is > TOO_CLOSE ? is / was : 1, between(a, b), between(c, d))
    viewport.render()
  }
}

const apart = (a: ScreenPoint, b: ScreenPoint): number => Math.hypot(b[0] - a[0], b[1] - a[1])
const between = (a: ScreenPoint, b: ScreenPoint): ScreenPoint => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]
