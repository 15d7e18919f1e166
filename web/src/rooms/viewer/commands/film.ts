/** Playing a series as a film. */
import { FilmControl } from '../FilmControl'
import type { Command } from '../commands'

export const FILM: readonly Command[] = [
  {
    id: 'play',
    group: 'film',
    icon: 'play',
    words: 'room.playOrPause',
    help: 'room.helpFilm',
    defaultKey: 'Space',
    place: 'bar',
    Control: FilmControl,
    enabled: ({ view }) => (view?.state.get().count ?? 0) > 1,
    run: ({ view }) => {
      if (view?.state.get().playing) view.pause()
      else view?.play()
    },
  },
]
