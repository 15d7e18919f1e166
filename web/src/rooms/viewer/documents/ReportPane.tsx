/** A structured report as a page to read, whatever its template: headings, findings, numbers with units, images to jump to. */
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { DataSet } from '../../../dicomweb/json'
import { type Code, countItems, isNoUnit, readReport, type Report, type ReportItem } from '../../../dicomweb/report'
import { readableDate, readableTime } from '../../../kit/dates'
import { marked } from '../../../kit/marked'
import { readableName } from '../../../kit/person-name'
import { useStacks } from '../../../viewport/use-view-state'
import { useRoom } from '../context'
import type { DocumentPaneProps } from '../panes'
import { DocumentFrame } from './DocumentFrame'
import { canJump, jumpTo, placedSeries } from './jump-to'
import classes from './ReportPane.module.css'

/** Larger reports open with their sections closed. */
const MANY_ITEMS = 800

export function ReportPane({ studyInstanceUid, series }: DocumentPaneProps) {
  const { t } = useTranslation()
  return (
    <DocumentFrame studyInstanceUid={studyInstanceUid} series={series} kind={t('objects.report')}>
      {(dataSet) => <Page dataSet={dataSet} />}
    </DocumentFrame>
  )
}

interface Reading {
  readonly report: Report
  readonly codes: boolean
  readonly closed: boolean
}

function Page({ dataSet }: { readonly dataSet: DataSet }) {
  const { t } = useTranslation()
  // Whether an image can be shown from here depends on what the viewports hold.
  useStacks(useRoom().views)
  const report = useMemo(() => readReport(dataSet), [dataSet])
  const [codes, setCodes] = useState(false)
  const reading = { report, codes, closed: countItems(report.root) > MANY_ITEMS }
  return (
    <article className={classes.page} data-testid="report">
      <h2>{marked(report.root.name?.meaning ?? t('objects.report'))}</h2>
      <State report={report} />
      <label className={classes.codes}>
        <input type="checkbox" checked={codes} onChange={(event) => setCodes(event.target.checked)} /> {t('objects.showCodes')}
      </label>
      <Items items={report.root.children} reading={reading} level={3} />
    </article>
  )
}

function State({ report }: { readonly report: Report }) {
  const { t, i18n } = useTranslation()
  const when = [readableDate(report.contentDate), readableTime(report.contentTime)].filter(Boolean).join(' ')
  const by = report.verifiers.map(({ name }) => readableName(name, i18n.language)?.main).filter(Boolean)
  const words = [
    when,
    t(report.complete ? 'objects.complete' : 'objects.partial'),
    report.verified ? t('objects.verifiedBy', { names: by.join(', ') || '–' }) : t('objects.unverified'),
    report.replaces > 0 && t('objects.replaces'),
  ].filter(Boolean)
  return (
    <p className={classes.state} data-warn={!report.complete || !report.verified}>
      {words.join(' · ')}
    </p>
  )
}

interface ItemsProps {
  readonly items: readonly ReportItem[]
  readonly reading: Reading
  readonly level: number
}

function Items({ items, reading, level }: ItemsProps) {
  if (items.length === 0) return null
  return (
    <ul className={classes.items}>
      {items.map((item, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- an item of a report is its place
        <li key={index}>
          {item.valueType === 'CONTAINER' ? <Section item={item} reading={reading} level={level} /> : <Leaf item={item} reading={reading} level={level} />}
        </li>
      ))}
    </ul>
  )
}

function Section({ item, reading, level }: Omit<ItemsProps, 'items'> & { readonly item: ReportItem }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(!reading.closed)
  return (
    <details className={classes.section} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span role="heading" aria-level={Math.min(6, level)}>
          {marked(item.name?.meaning ?? t('objects.section'))}
        </span>
        {reading.codes && <CodeMark code={item.name} />}
      </summary>
      {open && <Items items={item.children} reading={reading} level={level + 1} />}
    </details>
  )
}

function Leaf({ item, reading, level }: Omit<ItemsProps, 'items'> & { readonly item: ReportItem }) {
  return (
    <div className={classes.leaf} data-type={item.valueType}>
      {item.name && (
        <span className={classes.name}>
          {marked(item.name.meaning)}
          {reading.codes && <CodeMark code={item.name} />}
        </span>
      )}
      <Value item={item} reading={reading} />
      <Items items={item.children} reading={reading} level={level} />
    </div>
  )
}

function Value({ item, reading }: { readonly item: ReportItem; readonly reading: Reading }) {
  const words = useValueWords()
  if (REFERENCES.has(item.valueType)) return <ReferenceButton item={item} report={reading.report} />
  return (
    <span className={item.valueType === 'UNKNOWN' ? classes.warn : classes.value}>
      {words(item)}
      {reading.codes && <CodeMark code={item.code} />}
    </span>
  )
}

const REFERENCES: ReadonlySet<string> = new Set(['IMAGE', 'COMPOSITE', 'WAVEFORM'])

/** The value of an item in words; those of types we do not know say so. */
function useValueWords(): (item: ReportItem) => string {
  const { t, i18n } = useTranslation()
  return (item) => {
    const { value, valueType } = item
    if (valueType === 'NUM') return numberWords(item, t('objects.noValue'))
    if (valueType === 'PNAME') return readableName(value, i18n.language)?.main ?? ''
    if (valueType === 'DATE') return readableDate(value) ?? value ?? ''
    if (valueType === 'TIME') return readableTime(value) ?? value ?? ''
    if (valueType === 'DATETIME') return moment(value)
    if (item.graphic) return t('objects.graphic', { type: item.graphic.type, points: item.graphic.points })
    if (valueType === 'REFERENCE') return t('objects.sameAs', { place: value ?? '' })
    if (valueType === 'UNKNOWN') return t('objects.unknownItem')
    return marked(value ?? '')
  }
}

function numberWords({ value, unit, qualifier }: ReportItem, noValue: string): string {
  const why = qualifier && marked(qualifier.meaning)
  if (value === undefined) return why ?? noValue
  return [value, isNoUnit(unit) ? undefined : marked(unit?.value ?? ''), why && `(${why})`].filter(Boolean).join(' ')
}

function moment(value: string | undefined): string {
  return [readableDate(value?.slice(0, 8)), readableTime(value?.slice(8))].filter(Boolean).join(' ') || (value ?? '')
}

function ReferenceButton({ item, report }: { readonly item: ReportItem; readonly report: Report }) {
  const { t } = useTranslation()
  const room = useRoom()
  if (!item.reference) return <span className={classes.warn}>{t('objects.noReference')}</span>
  const { sopInstanceUid, frameNumbers } = item.reference
  const series = placedSeries(room, report.seriesOf.get(sopInstanceUid))
  const [frameNumber] = frameNumbers
  const wanted = { sopInstanceUid, frameNumber }
  if (!canJump(room, wanted, series)) return <span className={classes.value}>{t('objects.imageElsewhere')}</span>
  return (
    <button type="button" className={classes.jump} data-jump={sopInstanceUid} onClick={() => jumpTo(room, wanted, series)}>
      {frameNumber === undefined ? t('objects.showImage') : t('objects.showFrame', { frame: frameNumber })}
    </button>
  )
}

function CodeMark({ code }: { readonly code: Code | undefined }) {
  if (!code?.value) return null
  return <small className={classes.code}>{` (${code.value}, ${code.scheme})`}</small>
}
