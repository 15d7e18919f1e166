/** Measuring: a tool for each kind, and what is done with the chosen measurement. */
import type { IconName } from '../../../brand/Icon'
import type { MeasurementKind } from '../../../measuring/measurement'
import type { Command } from '../commands'
import { change } from '../measuring/changing'
import { chooseNone, desk, toggleMark, toolOf } from '../measuring/desk'
import { draftNow } from '../measuring/drafts'
import { toolCommand } from './tools'

type Name = 'length' | 'angle' | 'cobb' | 'bidirectional' | 'ellipse' | 'rectangle' | 'freehand' | 'arrow' | 'text' | 'probe' | 'ratio' | 'calibration'

function tool(name: Name, kind: MeasurementKind, icon: IconName, defaultKey: string, place: 'bar' | 'menu' = 'menu'): Command {
  const common = { id: toolOf(kind), group: 'measure', words: `measuring.tools.${name}`, help: `measuring.help.${name}` } as const
  return toolCommand({ ...common, icon, defaultKey, place, enabled: ({ view }) => view !== undefined })
}

export const MEASURING: readonly Command[] = [
  tool('length', 'length', 'measure', 'L', 'bar'),
  tool('angle', 'angle', 'angle', 'A', 'bar'),
  tool('ellipse', 'ellipse', 'ellipse', 'E', 'bar'),
  tool('bidirectional', 'bidirectional', 'bidirectional', 'D'),
  tool('rectangle', 'rectangle', 'layout1', 'Shift+E'),
  tool('freehand', 'freehand', 'freehand', 'F'),
  tool('probe', 'probe', 'probe', 'Q'),
  tool('cobb', 'cobb', 'cobb', 'Shift+A'),
  tool('ratio', 'cardiothoracic-ratio', 'chest', 'Shift+C'),
  tool('arrow', 'arrow', 'pointAt', 'Shift+T'),
  tool('text', 'text', 'letters', 'T'),
  tool('calibration', 'calibration', 'calibrate', 'Shift+L'),
  {
    id: 'delete-measurement',
    group: 'measure',
    words: 'measuring.tools.delete',
    help: 'measuring.help.delete',
    icon: 'bin',
    defaultKey: ['Delete', 'Backspace'],
    watches: [desk],
    enabled: () => desk.get().chosen !== undefined,
    run: () => {
      const { chosen } = desk.get()
      const draft = chosen && draftNow(chosen.studyInstanceUid)
      if (!chosen || !draft) return
      change(chosen.studyInstanceUid, draft, chosen.id, undefined)
      chooseNone()
    },
  },
  {
    id: 'hide-measurements',
    group: 'measure',
    words: 'measuring.tools.hide',
    help: 'measuring.help.hide',
    icon: 'eye',
    defaultKey: 'Shift+H',
    watches: [desk],
    pressed: () => desk.get().allHidden,
    run: () => desk.set((now) => ({ ...now, allHidden: !now.allHidden })),
  },
  {
    id: 'mark-key-image',
    group: 'measure',
    words: 'measuring.views.mark',
    help: 'measuring.views.markHelp',
    icon: 'keyImage',
    defaultKey: 'K',
    watches: [desk],
    enabled: ({ view }) => view?.state.get().imageId !== undefined,
    pressed: ({ view }) => desk.get().marked.includes(view?.state.get().imageId ?? ''),
    run: ({ view }) => {
      const imageId = view?.state.get().imageId
      if (imageId !== undefined) toggleMark(imageId)
    },
  },
]
