/** Speed, gain, size and page of squared paper. */
import { useTranslation } from 'react-i18next'

import { PAGE_SECONDS, type PaperSettings } from './paper-settings'
import classes from './WaveformPane.module.css'

const SPEEDS = [12.5, 25, 50] as const
const GAINS = [5, 10, 20] as const
const SIZES = [2, 3, 4, 5, 6, 8] as const

interface PaperControlsProps {
  readonly settings: PaperSettings
  readonly onChange: (change: Partial<PaperSettings>) => void
  /** Seconds. */
  readonly duration: number
}

export function PaperControls({ settings, onChange, duration }: PaperControlsProps) {
  const { t } = useTranslation()
  return (
    <div className={classes.controls}>
      <Choice words={t('objects.speed')} values={SPEEDS} unit="mm/s" value={settings.mmPerSecond} onChoose={(mmPerSecond) => onChange({ mmPerSecond })} />
      <Choice words={t('objects.gain')} values={GAINS} unit="mm/mV" value={settings.mmPerMillivolt} onChoose={(mmPerMillivolt) => onChange({ mmPerMillivolt })} />
      <Choice words={t('objects.size')} values={SIZES} unit="px/mm" value={settings.pixelsPerMm} onChoose={(pixelsPerMm) => onChange({ pixelsPerMm })} />
      <span className={classes.square}>
        {t('objects.square', { ms: Number((1000 / settings.mmPerSecond).toFixed(1)), mv: Number((1 / settings.mmPerMillivolt).toFixed(3)) })}
      </span>
      {duration > PAGE_SECONDS && (
        <label>
          {t('objects.fromSecond')}{' '}
          <input
            type="range"
            min={0}
            max={Math.max(0, duration - PAGE_SECONDS)}
            step={1}
            value={settings.from}
            onChange={(event) => onChange({ from: Number(event.target.value) })}
          />{' '}
          {t('objects.seconds', { from: settings.from, to: Math.round(Math.min(duration, settings.from + PAGE_SECONDS)), of: Math.round(duration) })}
        </label>
      )}
    </div>
  )
}

interface ChoiceProps {
  readonly words: string
  readonly values: readonly number[]
  readonly unit: string
  readonly value: number
  readonly onChoose: (value: number) => void
}

function Choice({ words, values, unit, value, onChoose }: ChoiceProps) {
  return (
    <label>
      {words}{' '}
      <select value={value} onChange={(event) => onChoose(Number(event.target.value))}>
        {values.map((one) => (
          <option key={one} value={one}>
            {one} {unit}
          </option>
        ))}
      </select>
    </label>
  )
}
