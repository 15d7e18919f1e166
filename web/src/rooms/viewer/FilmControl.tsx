/** Playing the series in the active cell: play or pause, how fast, how it repeats, and how fast it really runs. */
import { NumberInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { createStore, useStore } from '../../kit/store'
import { useViewPart } from '../../viewport/use-view-state'
import type { FilmState } from '../../viewport/film'
import { useRoom } from './context'
import { ToolButton } from './ToolButton'
import classes from './Toolbar.module.css'

export function FilmControl() {
  const { t } = useTranslation()
  const { view } = useRoom()
  const playing = useViewPart(view, (state) => state.playing)
  const framesPerSecond = useViewPart(view, (state) => state.framesPerSecond)
  const several = useViewPart(view, ({ count }) => count > 1)
  if (!several) return null
  return (
    <>
      <ToolButton
        icon={playing ? 'pause' : 'play'}
        words={playing ? t('viewer.pause') : t('viewer.play')}
        onClick={() => (playing ? view?.pause() : view?.play())}
      />
      <NumberInput
        className={classes.rate}
        size="xs"
        min={1}
        max={60}
        decimalScale={2}
        aria-label={t('viewer.frameRate')}
        title={t('viewer.frameRate')}
        suffix=" fps"
        value={framesPerSecond}
        onChange={(value) => {
          if (typeof value === 'number' && value >= 1) view?.setFrameRate(Math.min(60, value))
        }}
      />
      <Running />
    </>
  )
}

const NO_FILM = createStore<FilmState>({ mode: 'loop', range: undefined, measured: undefined, timed: false })

/** How the film repeats, its range, and the rate that reached the screen. */
function Running() {
  const { t } = useTranslation()
  const { view } = useRoom()
  const { mode, range, measured, timed } = useStore(view?.film.state ?? NO_FILM)
  const words = [
    mode === 'bounce' && t('seeing.bounce'),
    mode === 'once' && t('seeing.once'),
    range && `${range[0] + 1}–${range[1] + 1}`,
    measured !== undefined && t('seeing.measured', { rate: measured.toFixed(1) }),
    measured !== undefined && !timed && t('seeing.untimed'),
  ].filter(Boolean)
  if (words.length === 0) return null
  return (
    <span className={classes.film} data-testid="film">
      {words.join(' · ')}
    </span>
  )
}
