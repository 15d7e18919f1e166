/** Waveforms on squared paper: an ECG at mm/s and mm/mV, with calipers. What was stored is drawn; nothing is filtered here. */
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { DataSet } from '../../../dicomweb/json'
import { readGroup, type WaveformGroup, waveformNotes, type WaveformSource, waveformSources } from '../../../dicomweb/waveform'
import { marked } from '../../../kit/marked'
import type { DocumentPaneProps } from '../panes'
import { DocumentFrame } from './DocumentFrame'
import { Paper } from './Paper'
import { bulkBytes, type Instance } from './use-instances'
import classes from './WaveformPane.module.css'

export function WaveformPane({ studyInstanceUid, series }: DocumentPaneProps) {
  const { t } = useTranslation()
  return (
    <DocumentFrame studyInstanceUid={studyInstanceUid} series={series} kind={t('objects.waveform')}>
      {(dataSet, instance) => <Groups key={instance.address} dataSet={dataSet} instance={instance} />}
    </DocumentFrame>
  )
}

type ReadGroup = { readonly source: WaveformSource; readonly group: WaveformGroup | undefined }

async function groupsOf(dataSet: DataSet, signal: AbortSignal): Promise<ReadGroup[]> {
  return Promise.all(
    waveformSources(dataSet).map(async (source) => {
      const bytes = source.address === undefined ? source.bytes : await bulkBytes(source.address, signal)
      try {
        return { source, group: bytes && readGroup(source, bytes) }
      } catch {
        return { source, group: undefined }
      }
    }),
  )
}

function Groups({ dataSet, instance }: { readonly dataSet: DataSet; readonly instance: Instance }) {
  const { t } = useTranslation()
  const { data: groups, isError } = useQuery({
    queryKey: ['waveform', instance.address],
    queryFn: ({ signal }) => groupsOf(dataSet, signal),
    staleTime: Infinity,
  })
  const [chosen, choose] = useState(0)
  if (isError) return <p role="alert">{t('viewer.badFrameMissing')}</p>
  if (!groups) return <p role="status">{t('viewer.loadingImage')}</p>
  const shown = groups[chosen]
  return (
    <div className={classes.page}>
      {groups.length > 1 && (
        <div className={classes.tabs} role="group" aria-label={t('objects.groups')}>
          {groups.map(({ group }, index) => (
            // oxlint-disable-next-line react/no-array-index-key -- a group is its place in the object
            <button key={index} type="button" aria-pressed={index === chosen} onClick={() => choose(index)}>
              {marked(group?.label ?? t('objects.group', { number: index + 1 }))}
            </button>
          ))}
        </div>
      )}
      {shown?.group ? <Paper key={chosen} group={shown.group} /> : <p role="alert">{t('objects.waveformUnread')}</p>}
      <Notes dataSet={dataSet} />
    </div>
  )
}

/** What the device wrote: its words first, its numbers below. */
function Notes({ dataSet }: { readonly dataSet: DataSet }) {
  const { t } = useTranslation()
  const notes = useMemo(() => waveformNotes(dataSet), [dataSet])
  if (notes.length === 0) return null
  return (
    <details className={classes.notes} data-testid="waveform-notes">
      <summary>{t('objects.deviceNotes', { count: notes.length })}</summary>
      <p>{t('objects.deviceNotesDetail')}</p>
      <dl>
        {notes.map(({ name, value }, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a note is its place in the object
          <div key={index}>
            <dt>{marked(name ?? '')}</dt>
            <dd>{marked(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}
