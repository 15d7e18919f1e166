/** Comparing and hanging: earlier studies, how the study hangs, the view on the other device. */
import { hangAnother } from '../hanging/hung'
import { keepAsked } from '../hanging/keep-asked'
import type { Command } from '../commands'

export const COMPARE: readonly Command[] = [
  {
    id: 'priors',
    group: 'compare',
    icon: 'history',
    words: 'comparing.priors.show',
    help: 'comparing.priors.help',
    defaultKey: 'Shift+P',
    place: 'keys',
    pressed: ({ panel }) => panel === 'priors',
    run: ({ panel, openPanel }) => openPanel(panel === 'priors' ? undefined : 'priors'),
  },
  {
    id: 'next-hanging',
    group: 'compare',
    icon: 'forward',
    words: 'comparing.hanging.next',
    help: 'comparing.hanging.helpNext',
    defaultKey: 'B',
    run: (room) => hangAnother(room, 1),
  },
  {
    id: 'previous-hanging',
    group: 'compare',
    icon: 'back',
    words: 'comparing.hanging.previous',
    help: 'comparing.hanging.helpNext',
    defaultKey: 'Shift+B',
    run: (room) => hangAnother(room, -1),
  },
  {
    id: 'keep-hanging',
    group: 'compare',
    icon: 'add',
    words: 'comparing.hanging.keep',
    help: 'comparing.hanging.helpKeep',
    run: ({ openPanel }) => {
      keepAsked.set(true)
      openPanel('hanging')
    },
  },
  {
    id: 'hand-over',
    group: 'compare',
    icon: 'phone',
    words: 'comparing.handOver.show',
    help: 'comparing.handOver.help',
    run: ({ openPanel }) => openPanel('hand-over'),
  },
]
