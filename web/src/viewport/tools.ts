/** What the mouse and the fingers do in a viewport. */
import { addTool, Enums, PanTool, StackScrollTool, ToolGroupManager, ZoomTool } from '@cornerstonejs/tools'

import { activeTool } from './active-tool'
import { PinchTool } from './pinch-tool'
import { WindowTool } from './window-tool'

/** The tools that cornerstone has; every other name is a tool of a layer, which takes the pointer itself. */
export const TOOLS = ['window', 'scroll', 'zoom', 'pan'] as const
export type ToolName = (typeof TOOLS)[number]

const GROUP = 'stacks'
const NAMES: Readonly<Record<ToolName, string>> = {
  window: WindowTool.toolName,
  scroll: StackScrollTool.toolName,
  zoom: ZoomTool.toolName,
  pan: PanTool.toolName,
}

const { MouseBindings } = Enums

type Binding = { mouseButton?: number; numTouchPoints?: number }

/** Bindings that never change: wheel scrolls, middle pans, right zooms, two fingers pinch and drag, three change the window. */
const FIXED: Readonly<Record<ToolName, readonly Binding[]>> = {
  window: [{ numTouchPoints: 3 }],
  scroll: [{ mouseButton: MouseBindings.Wheel }],
  zoom: [{ mouseButton: MouseBindings.Secondary }],
  pan: [{ mouseButton: MouseBindings.Auxiliary }],
}

function group() {
  return ToolGroupManager.getToolGroup(GROUP) ?? ToolGroupManager.createToolGroup(GROUP)
}

/** Registers the tools; called once when cornerstone starts. */
export function addTools(): void {
  for (const tool of [WindowTool, StackScrollTool, ZoomTool, PanTool, PinchTool]) {
    addTool(tool)
    // Two fingers have a tool of their own; with one the picture is zoomed as with the mouse, up and down.
    group()?.addTool(tool.toolName, tool === ZoomTool ? { pinchToZoom: false } : {})
  }
  group()?.setToolActive(PinchTool.toolName, { bindings: [{ numTouchPoints: 2 }] })
  chooseTool('window')
}

/** What the left button and one finger do; cornerstone gives a single finger the tool of the left button in any case. */
export function chooseTool(chosen: string): void {
  activeTool.set(chosen)
  const tools = group()
  for (const name of TOOLS) {
    const bindings: Binding[] = [...FIXED[name]]
    if (name === chosen) bindings.push({ mouseButton: MouseBindings.Primary }, { numTouchPoints: 1 })
    tools?.setToolPassive(NAMES[name], { removeAllBindings: true })
    if (bindings.length > 0) tools?.setToolActive(NAMES[name], { bindings })
  }
}

export function toolsFor(viewportId: string, engineId: string): void {
  group()?.addViewport(viewportId, engineId)
}

export function noToolsFor(viewportId: string, engineId: string): void {
  group()?.removeViewports(engineId, viewportId)
}
