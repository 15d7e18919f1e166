/** Playing the series in the active cell: play or pause, and how fast. */
import { NumberInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { useViewState } from '../../viewport/StackPane'
import { useRoom } from './context'
import { ToolButton } from './ToolButton'
import classes from './Toolbar.module.css'

export function FilmControl() {
  const { t } = useTranslation()
  const { view } = useRoom()
  const { playing, framesPerSecond, count } = useViewState(view)
  if (count < 2) return null
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
        aria-label={t('viewer.frameRate')}
        title={t('viewer.frameRate')}
        suffix=" fps"
        value={framesPerSecond}
        onChange={(value) => {
          if (typeof value === 'number' && value >= 1) view?.setFrameRate(Math.min(60, value))
        }}
      />
    </>
  )
}
