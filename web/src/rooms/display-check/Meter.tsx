/** For who has a luminance meter: eighteen measured levels, and how far they are from the standard function. */
import { ActionIcon, NumberInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../brand/Icon'
import classes from './DisplayCheck.module.css'
import { conformanceOf, MEASURED_LEVELS } from './gsdf'

type Typed = number | string

const numberOf = (typed: Typed | undefined) => (typed === undefined || typed === '' ? Number.NaN : Number(typed))

export function Meter({ onShow }: { readonly onShow: (level: number) => void }) {
  const { t } = useTranslation()
  const [values, setValues] = useState<Readonly<Record<number, Typed>>>({})
  const [ambient, setAmbient] = useState<Typed>(0)
  return (
    <details className={classes.meter}>
      <summary>{t('display.measure')}</summary>
      <p>{t('display.measureIntro')}</p>
      <NumberInput className={classes.ambient} label={t('display.ambient')} min={0} decimalScale={3} value={ambient} onChange={setAmbient} />
      <div className={classes.levels}>
        {MEASURED_LEVELS.map((level) => (
          <NumberInput
            key={level}
            label={t('display.level', { level })}
            hideControls
            min={0}
            decimalScale={4}
            suffix={` ${t('display.unit')}`}
            value={values[level] ?? ''}
            onChange={(value) => setValues((now) => ({ ...now, [level]: value }))}
            rightSection={
              <ActionIcon variant="subtle" aria-label={t('display.showLevel', { level })} title={t('display.showLevel', { level })} onClick={() => onShow(level)}>
                <Icon name="eye" size={16} />
              </ActionIcon>
            }
          />
        ))}
      </div>
      <Result measured={MEASURED_LEVELS.map((level) => numberOf(values[level]))} ambient={numberOf(ambient)} />
    </details>
  )
}

function Result({ measured, ambient }: { readonly measured: readonly number[]; readonly ambient: number }) {
  const { t } = useTranslation()
  const found = conformanceOf(measured, ambient)
  if (!found) return <p role="status">{t('display.notRising')}</p>
  return (
    <p role="status" data-fit={found.fitFor}>
      {t('display.result', {
        deviation: (found.deviation * 100).toFixed(1),
        from: MEASURED_LEVELS[found.at] ?? 0,
        to: MEASURED_LEVELS[found.at + 1] ?? 255,
        ratio: found.luminanceRatio.toFixed(0),
        white: found.brightest.toFixed(0),
      })}{' '}
      <strong>{t(`display.fit.${found.fitFor}`)}</strong>
    </p>
  )
}
