/** Going through the images of a series, and from series to series. */
import type { Command } from '../commands'
import type { Room } from '../context'
import { neighbour, seriesOf } from '../viewer-state'

const stack = (facts: Omit<Command, 'group' | 'place' | 'enabled'>): Command => ({
  ...facts,
  group: 'stack',
  place: 'keys',
  enabled: ({ view }) => view !== undefined,
})

const step = (by: number) => (room: Room) => void room.view?.step(by)

const series = (by: number) => (room: Room) => {
  const next = neighbour(seriesOf(room.studies, room.state), room.state.cells[room.state.active], by)
  if (next) room.dispatch({ type: 'place', placed: next })
}

export const STACK: readonly Command[] = [
  stack({ id: 'next-image', words: 'room.nextImage', help: 'room.helpStep', defaultKey: ['ArrowDown', 'ArrowRight'], run: step(1) }),
  stack({ id: 'previous-image', words: 'room.previousImage', help: 'room.helpStep', defaultKey: ['ArrowUp', 'ArrowLeft'], run: step(-1) }),
  stack({ id: 'ten-on', words: 'room.tenOn', help: 'room.helpTen', defaultKey: 'PageDown', run: step(10) }),
  stack({ id: 'ten-back', words: 'room.tenBack', help: 'room.helpTen', defaultKey: 'PageUp', run: step(-10) }),
  stack({ id: 'first-image', words: 'room.firstImage', help: 'room.helpEnds', defaultKey: 'Home', run: ({ view }) => void view?.scrollTo(0) }),
  stack({
    id: 'last-image',
    words: 'room.lastImage',
    help: 'room.helpEnds',
    defaultKey: 'End',
    run: ({ view }) => void view?.scrollTo(Number.MAX_SAFE_INTEGER),
  }),
  { id: 'previous-series', group: 'stack', place: 'keys', words: 'room.previousSeries', help: 'room.helpSeries', defaultKey: '[', run: series(-1) },
  { id: 'next-series', group: 'stack', place: 'keys', words: 'room.nextSeries', help: 'room.helpSeries', defaultKey: ']', run: series(1) },
]
