/** The tools: what the left button and one finger do. A tool of a layer is made with `toolCommand` in its topic's file. */
import type { Command } from '../commands'

/** The command that gives the left button a tool. `id` is the tool's name, as layers find it in `activeTool`. */
export function toolCommand(facts: Omit<Command, 'run' | 'pressed'>): Command {
  return {
    ...facts,
    pressed: ({ state }) => state.tool === facts.id,
    run: ({ dispatch }) => dispatch({ type: 'tool', tool: facts.id }),
  }
}

export const TOOL_COMMANDS: readonly Command[] = [
  toolCommand({ id: 'window', group: 'tools', icon: 'window', words: 'viewer.window', help: 'room.helpWindow', defaultKey: 'W', place: 'bar' }),
  toolCommand({ id: 'scroll', group: 'tools', icon: 'scroll', words: 'viewer.scroll', help: 'room.helpScroll', defaultKey: 'S', place: 'bar' }),
  toolCommand({ id: 'zoom', group: 'tools', icon: 'zoom', words: 'viewer.zoom', help: 'room.helpZoom', defaultKey: 'Z', place: 'bar' }),
  toolCommand({ id: 'pan', group: 'tools', icon: 'pan', words: 'viewer.pan', help: 'room.helpPan', defaultKey: 'P', place: 'bar' }),
]
