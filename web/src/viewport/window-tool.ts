/** The window by dragging: right widens, down darkens, in steps of the window's own size. */
import { getEnabledElement } from '@cornerstonejs/core'
import { BaseTool, type Types } from '@cornerstonejs/tools'

import { greysOf } from './greys'

type Drag = Types.EventTypes.InteractionEventType

export class WindowTool extends BaseTool {
  static override toolName = 'IsocenterWindow'

  constructor(tool: Types.PublicToolProps = {}) {
    super(tool, { supportedInteractionTypes: ['Mouse', 'Touch'], configuration: {} })
  }

  mouseDragCallback(event: Drag): void {
    const { element, deltaPoints } = event.detail
    const viewport = getEnabledElement(element)?.viewport
    const [right, down] = deltaPoints.canvas
    if (!viewport || right === undefined || down === undefined) return
    greysOf(viewport.id)?.drag(right, down)
    viewport.render()
  }

  touchDragCallback(event: Drag): void {
    this.mouseDragCallback(event)
  }
}
