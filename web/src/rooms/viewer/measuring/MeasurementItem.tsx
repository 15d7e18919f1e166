/** One of the reader's measurements in the list: its numbers, where its mm come from, what can be done with it. */
import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon, type IconName } from '../../../brand/Icon'
import { useStore } from '../../../kit/store'
import type { Measurement } from '../../../measuring/measurement'
import { suvOf } from '../../../measuring/suv'
import { frameOf } from '../../../viewport/known-frames'
import { useRoom } from '../context'
import { change, imageOf, remarksOf } from './changing'
import { choose, desk, goTo, toggleHidden } from './desk'
import type { Draft } from './draft'
import classes from './Measuring.module.css'
import { allNumbers, sourceWords, spokenName } from './words'

interface ItemProps {
  readonly measurement: Measurement
  readonly studyInstanceUid: string
  readonly draft: Draft
}

export function MeasurementItem({ measurement, studyInstanceUid, draft }: ItemProps) {
  const { t } = useTranslation()
  const { chosen, hidden } = useStore(desk)
  const { id, kind, label, text } = measurement
  const isHidden = hidden.has(id)
  const what = spokenName(t, measurement)
  const find = () => {
    choose(studyInstanceUid, id)
    goTo(imageOf(studyInstanceUid, measurement))
  }
  return (
    <li className={classes.item} data-chosen={chosen?.id === id} data-kind={kind}>
      <div className={classes.head}>
        <button type="button" className={classes.title} aria-label={t('measuring.goTo', { what })} onClick={find}>
          {[t(`measuring.kind.${kind}`), label ?? text].filter(Boolean).join(', ')}
        </button>
        <span className={classes.tools}>
          <Tool icon="eye" words={t(isHidden ? 'measuring.show' : 'measuring.hide', { what })} pressed={isHidden} onClick={() => toggleHidden(id)} />
          {CAN_COPY && <Tool icon="copy" words={t('measuring.copy', { what })} onClick={() => void navigator.clipboard.writeText(what)} />}
          <Tool icon="bin" words={t('measuring.remove', { what })} onClick={() => change(studyInstanceUid, draft, id, undefined)} />
        </span>
      </div>
      <Numbers measurement={measurement} studyInstanceUid={studyInstanceUid} />
      <Label measurement={measurement} studyInstanceUid={studyInstanceUid} draft={draft} />
    </li>
  )
}

/** A browser gives the clipboard to pages that came safely only. */
const CAN_COPY = window.isSecureContext

interface ToolProps {
  readonly icon: IconName
  readonly words: string
  readonly pressed?: boolean
  readonly onClick: () => void
}

function Tool({ icon, words, pressed, onClick }: ToolProps) {
  return (
    <button type="button" className={classes.tool} aria-label={words} title={words} aria-pressed={pressed} onClick={onClick}>
      <Icon name={icon} size={15} />
    </button>
  )
}

/** Which image it is on, by the numbers of its series and itself. */
function usePlace(measurement: Measurement, studyInstanceUid: string): string {
  const { t } = useTranslation()
  const series = useRoom()
    .studies.get(studyInstanceUid)
    ?.series.find((one) => one.series_instance_uid === measurement.series_instance_uid)
  const frame = frameOf(imageOf(studyInstanceUid, measurement))
  if (!frame) return t('measuring.elsewhere')
  const numbers = { series: series?.series_number ?? '?', image: frame.instanceNumber ?? '?' }
  return frame.frameCount > 1 ? t('measuring.onFrame', { ...numbers, frame: frame.frameNumber }) : t('measuring.onImage', numbers)
}

function Numbers({ measurement, studyInstanceUid }: Omit<ItemProps, 'draft'>) {
  const { t } = useTranslation()
  const { suv } = useStore(desk)
  const place = usePlace(measurement, studyInstanceUid)
  const frame = frameOf(imageOf(studyInstanceUid, measurement))
  const remarks = frame ? remarksOf(measurement, frame) : []
  const refused = frame && suvOf(frame.dataSet, suv)
  const reason = refused && 'refused' in refused ? t(`measuring.suvReason.${refused.refused}`) : ''
  const source = sourceWords(t, measurement, remarks)
  const notes = [place, source, ...remarks.filter((remark) => remark !== 'at-detector' && remark !== 'pixels-only').map((remark) => t(`measuring.remark.${remark}`, { reason }))]
  return (
    <>
      <ul className={classes.numbersList}>
        {allNumbers(t, measurement.results).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {notes.filter(Boolean).map((note) => (
        <p key={note} className={classes.note}>
          {note}
        </p>
      ))}
    </>
  )
}

function Label({ measurement, studyInstanceUid, draft }: ItemProps) {
  const { t } = useTranslation()
  const { id, label = '', kind } = measurement
  const [words, setWords] = useState(label)
  const keep = () => {
    const now = words.trim()
    if (now === label) return
    const { label: _, ...rest } = measurement
    change(studyInstanceUid, draft, id, { ...rest, ...(now && { label: now }), modified_at: new Date().toISOString() })
  }
  return (
    <TextInput
      className={classes.label}
      size="xs"
      placeholder={t('measuring.label')}
      aria-label={t('measuring.labelOf', { what: t(`measuring.kind.${kind}`) })}
      maxLength={64}
      value={words}
      onChange={(event) => setWords(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
    />
  )
}
