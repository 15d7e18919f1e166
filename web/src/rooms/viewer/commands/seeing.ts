/** Seeing: lens, crosshair, windows from the values, linked scrolling, reference lines, drawings of the file, how a film repeats. */
import { overlayPlanesOf } from '../../../dicomweb/overlay-planes'
import type { FilmMode } from '../../../dicomweb/film-timing'
import { frameOf } from '../../../viewport/known-frames'
import type { Command } from '../commands'
import type { Room } from '../context'
import { windowFromValues } from '../seeing/auto-window'
import { CROSSHAIR } from '../seeing/Crosshair'
import { linkMode, NEXT_MODE, setOffsets, unlinked } from '../seeing/links'
import { MAGNIFIER } from '../seeing/Magnifier'
import { overlayPlanes } from '../seeing/OverlayPlanes'
import { referenceLines } from '../seeing/ReferenceLines'
import { WINDOW_REGION } from '../seeing/WindowRegion'
import { changing } from '../view-changes'
import { toolCommand } from './tools'

const hasPicture = ({ view }: Room) => view !== undefined
const several = ({ views }: Room) => views.size > 1
const hasFilm = ({ view }: Room) => (view?.state.get().count ?? 0) > 1

const NEXT_FILM: Readonly<Record<FilmMode, FilmMode>> = { loop: 'bounce', bounce: 'once', once: 'loop' }

/** Begins or ends the range of the film at the image on screen. */
function cut(end: 'first' | 'last') {
  return ({ view }: Room) => {
    if (!view) return
    const { index, count } = view.state.get()
    const [first, last] = view.film.state.get().range ?? [0, count - 1]
    const range = end === 'first' ? ([index, last] as const) : ([first, index] as const)
    view.film.setRange(range)
  }
}

export const SEEING: readonly Command[] = [
  toolCommand({ id: MAGNIFIER, group: 'tools', icon: 'zoom', words: 'seeing.magnifier', help: 'seeing.helpMagnifier', defaultKey: 'M', place: 'menu', enabled: hasPicture }),
  toolCommand({ id: CROSSHAIR, group: 'tools', icon: 'probe', words: 'seeing.crosshair', help: 'seeing.helpCrosshair', defaultKey: 'X', place: 'menu', enabled: hasPicture }),
  toolCommand({ id: WINDOW_REGION, group: 'tools', icon: 'window', words: 'seeing.windowRegion', help: 'seeing.helpWindowRegion', defaultKey: 'Shift+U', place: 'menu', enabled: hasPicture }),
  {
    id: 'window-from-values',
    group: 'picture',
    icon: 'presets',
    words: 'seeing.fromValues',
    help: 'seeing.helpFromValues',
    defaultKey: 'U',
    place: 'menu',
    enabled: hasPicture,
    run: (room) => {
      const voi = windowFromValues(room.view?.state.get().imageId)
      if (voi) changing(room, (view) => view.setVoi(voi))
    },
  },
  {
    id: 'overlay-planes',
    group: 'picture',
    icon: 'eye',
    words: 'seeing.overlayPlanes',
    help: 'seeing.helpOverlayPlanes',
    defaultKey: 'O',
    place: 'menu',
    watches: [overlayPlanes],
    enabled: ({ view }) => {
      const frame = frameOf(view?.state.get().imageId)
      return frame !== undefined && overlayPlanesOf(frame).length > 0
    },
    pressed: () => overlayPlanes.get(),
    run: () => overlayPlanes.set((shown) => !shown),
  },
  {
    id: 'reference-lines',
    group: 'compare',
    icon: 'layout4',
    words: 'seeing.referenceLines',
    help: 'seeing.helpReferenceLines',
    defaultKey: 'Shift+Y',
    place: 'menu',
    watches: [referenceLines],
    enabled: several,
    pressed: () => referenceLines.get(),
    run: () => referenceLines.set((shown) => !shown),
  },
  {
    id: 'link-scrolling',
    group: 'compare',
    icon: 'sharing',
    words: 'seeing.link',
    help: 'seeing.helpLink',
    defaultKey: 'Y',
    place: 'menu',
    watches: [linkMode],
    enabled: several,
    pressed: () => linkMode.get() !== 'off',
    run: () => {
      linkMode.set((mode) => NEXT_MODE[mode])
      unlinked.set(new Map())
      setOffsets()
    },
  },
  {
    id: 'film-mode',
    group: 'film',
    words: 'seeing.filmMode',
    help: 'seeing.helpFilmMode',
    defaultKey: 'J',
    place: 'menu',
    enabled: hasFilm,
    run: ({ view }) => view?.film.setMode(NEXT_FILM[view.film.state.get().mode]),
  },
  { id: 'film-from', group: 'film', words: 'seeing.filmFrom', help: 'seeing.helpFilmRange', defaultKey: ',', place: 'menu', enabled: hasFilm, run: cut('first') },
  { id: 'film-to', group: 'film', words: 'seeing.filmTo', help: 'seeing.helpFilmRange', defaultKey: '.', place: 'menu', enabled: hasFilm, run: cut('last') },
  {
    id: 'film-whole',
    group: 'film',
    words: 'seeing.filmWhole',
    help: 'seeing.helpFilmRange',
    defaultKey: 'Shift+J',
    place: 'menu',
    enabled: hasFilm,
    run: ({ view }) => view?.film.setRange(undefined),
  },
]
