/** Around every document: whose it is, which of several, and a way to take it along. */
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Series } from '../../../api/types'
import { Icon } from '../../../brand/Icon'
import { type DataSet, personName, text } from '../../../dicomweb/json'
import { TAG } from '../../../dicomweb/tags'
import { readableDate, readableTime } from '../../../kit/dates'
import { marked } from '../../../kit/marked'
import { readableName } from '../../../kit/person-name'
import classes from './DocumentFrame.module.css'
import { type Instance, useDataSet, useInstances } from './use-instances'

interface DocumentFrameProps {
  readonly studyInstanceUid: string
  readonly series: Series
  /** What kind of thing this is, in words. */
  readonly kind: string
  readonly children: (dataSet: DataSet, instance: Instance) => ReactNode
}

export function DocumentFrame({ studyInstanceUid, series, kind, children }: DocumentFrameProps) {
  const { t } = useTranslation()
  const [chosen, choose] = useState(0)
  const { data: instances, isError } = useInstances(studyInstanceUid, series.series_instance_uid, series.instance_count)
  const instance = instances?.[Math.min(chosen, instances.length - 1)]
  const { data: dataSet, isError: unread } = useDataSet(instance?.address)
  return (
    <div className={classes.frame} data-testid="document">
      <header className={classes.head}>
        {dataSet && <Identity dataSet={dataSet} />}
        <span className={classes.kind}>{kind}</span>
        {instances && instances.length > 1 && <Choice count={instances.length} chosen={chosen} onChoose={choose} />}
        {instance && (
          <a className={classes.link} href={`${instance.address}?accept=application/dicom`} download={`${instance.sopInstanceUid}.dcm`}>
            <Icon name="download" size={16} /> {t('objects.downloadDicom')}
          </a>
        )}
      </header>
      <div className={classes.body}>
        {isError || unread ? (
          <p role="alert">{t('viewer.badFrameMissing')}</p>
        ) : (
          dataSet && instance && children(dataSet, instance)
        )}
      </div>
    </div>
  )
}

function Identity({ dataSet }: { readonly dataSet: DataSet }) {
  const { t, i18n } = useTranslation()
  const name = readableName(personName(dataSet, TAG.PatientName), i18n.language)
  const id = marked(text(dataSet, TAG.PatientID) ?? '')
  const born = readableDate(text(dataSet, TAG.PatientBirthDate))
  const when = [readableDate(text(dataSet, TAG.StudyDate)), readableTime(text(dataSet, TAG.StudyTime))].filter(Boolean).join(' ')
  return (
    <span className={classes.identity} data-testid="document-identity">
      {name || id ? <strong>{name?.main ?? t('list.noName')}</strong> : <strong className={classes.warn}>{t('viewer.noIdentity')}</strong>}
      <span>{[name?.other, id, born && t('viewer.bornShort', { date: born }), when].filter(Boolean).join(' · ')}</span>
    </span>
  )
}

interface ChoiceProps {
  readonly count: number
  readonly chosen: number
  readonly onChoose: (index: number) => void
}

function Choice({ count, chosen, onChoose }: ChoiceProps) {
  const { t } = useTranslation()
  return (
    <select className={classes.choice} aria-label={t('objects.which')} value={chosen} onChange={(event) => onChoose(Number(event.target.value))}>
      {Array.from({ length: count }, (_, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- an object is its place in the series
        <option key={index} value={index}>
          {t('objects.oneOf', { index: index + 1, count })}
        </option>
      ))}
    </select>
  )
}
