/** Which isodose lines are drawn: on or off, in what their levels are told, and the levels with their colours. */
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type IsodoseChoice, type LevelBasis, MOST_LEVELS, readLevels, wholeOf } from '../../../viewport/overlays/isodose-levels'
import { lineColour, lineDash, useLevelWords, useWholeWords } from '../../../viewport/overlays/IsodoseLines'
import type { DoseFacts } from '../../../viewport/overlays/protocol'
import { readable, useUnitWords } from '../../../viewport/overlays/ScaleBar'
import { changeOverlay, isodosesOf, type ShownOverlay } from '../../../viewport/overlays/shown'
import classes from './OverlaysPanel.module.css'

interface IsodoseCardProps {
  readonly overlay: ShownOverlay
  readonly dose: DoseFacts
}

/** The same doses told in another way. */
function inBasis({ on, basis, levels }: IsodoseChoice, to: LevelBasis, dose: DoseFacts): IsodoseChoice {
  const [before, after] = [(wholeOf(basis, dose) ?? 100) / 100, (wholeOf(to, dose) ?? 100) / 100]
  return { on, basis: to, levels: levels.map((level) => Number(((level * before) / after).toPrecision(4))) }
}

export function IsodoseCard({ overlay, dose }: IsodoseCardProps) {
  const { t } = useTranslation()
  const unitWords = useUnitWords()
  const wholeWords = useWholeWords()
  const choice = isodosesOf(overlay)
  if (!choice) return null
  const change = (isodoses: IsodoseChoice) => changeOverlay(overlay.address, { isodoses })
  return (
    <fieldset className={classes.lines} data-testid="isodoses">
      <legend>
        <label>
          <input type="checkbox" checked={choice.on} onChange={(event) => change({ ...choice, on: event.target.checked })} /> {t('objects.isodose.lines')}
        </label>
      </legend>
      {dose.plan !== 'read' && <p className={classes.quiet}>{t(`objects.isodose.plan.${dose.plan}`)}</p>}
      <div className={classes.ends}>
        <label>
          {t('objects.isodose.basis')}
          <select value={choice.basis} onChange={(event) => change(inBasis(choice, event.target.value as LevelBasis, dose))}>
            {dose.prescription && <option value="prescription">{t('objects.isodose.ofPrescription')}</option>}
            <option value="highest">{t('objects.isodose.ofHighest')}</option>
            <option value="dose">{t('objects.isodose.ofDose', { unit: unitWords(dose.unit) })}</option>
          </select>
        </label>
        <Levels key={`${choice.basis} ${choice.levels.join(' ')}`} choice={choice} change={change} />
      </div>
      <p className={classes.quiet}>{wholeWords(overlay, dose)}</p>
      {choice.basis === 'prescription' && dose.prescription && dose.prescription.targets > 1 && (
        <p className={classes.quiet}>{t('objects.isodose.targets', { count: dose.prescription.targets })}</p>
      )}
      {choice.on && <Legend overlay={overlay} count={choice.levels.length} />}
    </fieldset>
  )
}

interface LevelsProps {
  readonly choice: IsodoseChoice
  readonly change: (choice: IsodoseChoice) => void
}

function Levels({ choice, change }: LevelsProps) {
  const { t } = useTranslation()
  const [wrong, setWrong] = useState(false)
  const set = (text: string) => {
    const levels = readLevels(text)
    setWrong(!levels)
    if (levels && levels.join(' ') !== choice.levels.join(' ')) change({ ...choice, levels })
  }
  return (
    <>
      <label className={classes.levels}>
        {t('objects.isodose.levels')}
        <input
          type="text"
          inputMode="decimal"
          aria-invalid={wrong}
          defaultValue={choice.levels.map(readable).join(' ')}
          onBlur={(event) => set(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && set(event.currentTarget.value)}
        />
      </label>
      {wrong && (
        <p role="alert" className={classes.warn}>
          {t('objects.isodose.levelsHelp', { most: MOST_LEVELS })}
        </p>
      )}
    </>
  )
}

function Legend({ overlay, count }: { readonly overlay: ShownOverlay; readonly count: number }) {
  const words = useLevelWords(overlay)
  return (
    <ul className={classes.parts}>
      {Array.from({ length: count }, (_, place) => (
        <li key={place} className={classes.part}>
          <svg width={28} height={8} aria-hidden>
            <line x1={0} x2={28} y1={4} y2={4} stroke={lineColour(place)} strokeWidth={3} strokeDasharray={lineDash(place)} />
          </svg>
          {words(place)}
        </li>
      ))}
    </ul>
  )
}
