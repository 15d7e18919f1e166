/** Everything a person can do in the viewer, by name: buttons and keys call the same. */
import type { StackView } from '../../viewport/stack-view'
import type { ToolName } from '../../viewport/tools'
import type { Layout } from './viewer-state'

export interface Commands {
  /** The viewport that commands act on; undefined while there is none. */
  view(): StackView | undefined
  chooseTool(tool: ToolName): void
  chooseLayout(layout: Layout): void
  stepSeries(step: number): void
  nextCell(): void
  choosePreset(index: number): void
  toggleHelp(): void
  leave(): void
}

type KeyAction = (commands: Commands) => void

const step = (by: number) => (commands: Commands) => void commands.view()?.step(by)

function togglePlay({ view }: Commands): void {
  const target = view()
  if (target?.state.get().playing) target.pause()
  else target?.play()
}

const KEYS: Readonly<Record<string, KeyAction>> = {
  ArrowDown: step(1),
  ArrowUp: step(-1),
  ArrowRight: step(1),
  ArrowLeft: step(-1),
  PageDown: step(10),
  PageUp: step(-10),
  Home: ({ view }) => void view()?.scrollTo(0),
  End: ({ view }) => void view()?.scrollTo(Number.MAX_SAFE_INTEGER),
  ' ': togglePlay,
  '[': ({ stepSeries }) => stepSeries(-1),
  ']': ({ stepSeries }) => stepSeries(1),
  w: ({ chooseTool }) => chooseTool('window'),
  s: ({ chooseTool }) => chooseTool('scroll'),
  z: ({ chooseTool }) => chooseTool('zoom'),
  p: ({ chooseTool }) => chooseTool('pan'),
  i: ({ view }) => view()?.toggleInvert(),
  r: ({ view }) => view()?.rotate(90),
  h: ({ view }) => view()?.flip('horizontal'),
  v: ({ view }) => view()?.flip('vertical'),
  '0': ({ view }) => view()?.reset(),
  '+': ({ view }) => view()?.zoomBy(1.2),
  '=': ({ view }) => view()?.zoomBy(1.2),
  '-': ({ view }) => view()?.zoomBy(1 / 1.2),
  n: ({ nextCell }) => nextCell(),
  '?': ({ toggleHelp }) => toggleHelp(),
  Escape: ({ leave }) => leave(),
}

const LAYOUT_KEYS: Readonly<Record<string, Layout>> = { '!': 1, '@': 2, '$': 4 }

/** Runs what a key stands for; false when it stands for nothing here. */
export function runKey(event: KeyboardEvent, commands: Commands): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false
  const preset = /^[1-9]$/.exec(event.key)
  const layout = event.shiftKey ? layoutOf(event) : undefined
  if (layout !== undefined) commands.chooseLayout(layout)
  else if (preset) commands.choosePreset(Number(event.key) - 1)
  else {
    const action = KEYS[event.key] ?? KEYS[event.key.toLowerCase()]
    if (!action) return false
    action(commands)
  }
  return true
}

/** Shift with 1, 2, 4, on whatever keyboard. */
function layoutOf(event: KeyboardEvent): Layout | undefined {
  const digit = /^Digit([124])$/.exec(event.code)?.[1]
  return digit === undefined ? LAYOUT_KEYS[event.key] : (Number(digit) as Layout)
}
