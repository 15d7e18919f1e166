/** Measurements of filed reports, report by report, as the reports have them. */
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'

import { imageIdOf, keyOf } from '../../../dicomweb/addresses'
import { marked } from '../../../kit/marked'
import { readableName } from '../../../kit/person-name'
import { frameOf } from '../../../viewport/known-frames'
import { targetOf } from '../../../viewport/overlays/use-drawing'
import { useViewPart } from '../../../viewport/use-view-state'
import { useRoom } from '../context'
import { goTo } from './desk'
import classes from './Measuring.module.css'
import { numberWords, type Report, type Reported, slicesUnder, type StackSlice, useReported } from './reported'

export function ReportedList({ studyInstanceUid }: { readonly studyInstanceUid: string }) {
  const { t } = useTranslation()
  const { data, isError } = useReported(studyInstanceUid)
  if (isError) return <p className={classes.empty}>{t('measuring.reportsFailed')}</p>
  if (!data) return null
  return (
    <>
      {data.reports.length === 0 && <p className={classes.empty}>{t('measuring.noReports')}</p>}
      {data.reports.map((report) => (
        <OneReport key={report.document.sop_instance_uid} report={report} studyInstanceUid={studyInstanceUid} />
      ))}
      {data.not_read.length > 0 && <p className={classes.note}>{t('measuring.notRead', { count: data.not_read.length })}</p>}
    </>
  )
}

/** "2024-03-05 14:30" of a DT value. */
function moment(made: string | null): string {
  const found = /^(\d{4})(\d{2})(\d{2})(\d{2})?(\d{2})?/.exec(made ?? '')
  if (!found) return ''
  const [, year, month, day, hour, minute] = found
  return `${year}-${month}-${day}${hour && minute ? ` ${hour}:${minute}` : ''}`
}

export function useByLine(): (document: Pick<Report['document'], 'by' | 'made_at'>) => string {
  const { t, i18n } = useTranslation()
  return ({ by, made_at }) => {
    const name = readableName(by, i18n.language)?.main
    return t('measuring.by', { who: marked(name ?? t('measuring.unknownAuthor')), when: moment(made_at) })
  }
}

function OneReport({ report, studyInstanceUid }: { readonly report: Report; readonly studyInstanceUid: string }) {
  const byLine = useByLine()
  return (
    <section className={classes.item} data-testid="reported">
      <p className={classes.note}>{byLine(report.document)}</p>
      <ul className={classes.numbersList}>
        {report.measurements.map((one, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a group is its place in the report
          <Line key={index} reported={one} studyInstanceUid={studyInstanceUid} />
        ))}
      </ul>
    </section>
  )
}

function Line({ reported, studyInstanceUid }: { readonly reported: Reported; readonly studyInstanceUid: string }) {
  const { t } = useTranslation()
  const numbers = reported.numbers.map(numberWords).filter((line) => line !== undefined)
  const name = marked(reported.label ?? reported.finding?.meaning ?? '')
  const words = [name, ...numbers].filter(Boolean).join(', ')
  const shape = reported.shapes.find(({ series_instance_uid }) => series_instance_uid !== null)
  if (!shape?.series_instance_uid && reported.places.length > 0) return <InThePatient reported={reported} words={words} studyInstanceUid={studyInstanceUid} />
  if (!shape?.series_instance_uid) return <li>{words}</li>
  const { series_instance_uid: seriesInstanceUid, sop_instance_uid: sopInstanceUid, frame_numbers: frames } = shape
  const goal = imageIdOf({ studyInstanceUid, seriesInstanceUid, sopInstanceUid, frameNumber: frames[0] ?? 1 })
  return (
    <li>
      <button type="button" className={classes.title} aria-label={t('measuring.goTo', { what: words })} onClick={() => goTo(goal)}>
        {words}
      </button>
    </li>
  )
}

/** The slices of the active viewport's stack, where it is of this study; none while headers of some are still on their way. */
function useSlices(studyInstanceUid: string): readonly StackSlice[] {
  const { view } = useRoom()
  const count = useViewPart(view, (state) => state.count)
  return useMemo(() => {
    const stack = count > 0 ? (view?.stack() ?? []) : []
    const slices = stack.flatMap((imageId, index) => {
      const frame = keyOf(imageId).studyInstanceUid === studyInstanceUid ? frameOf(imageId) : undefined
      return frame ? [{ imageId, target: targetOf(view, frame, index) }] : []
    })
    return slices.length === stack.length ? slices : []
  }, [view, count, studyInstanceUid])
}

/** Leads to the middle one of the slices that it is drawn on; where there is none in the active viewport, says so. */
function InThePatient({ reported, words, studyInstanceUid }: { readonly reported: Reported; readonly words: string; readonly studyInstanceUid: string }) {
  const { t } = useTranslation()
  const slices = useSlices(studyInstanceUid)
  const under = useMemo(() => slicesUnder(reported, slices), [reported, slices])
  const goal = under?.[under.length >> 1]
  if (goal === undefined) {
    return (
      <li>
        {words} <span className={classes.note}>{t(under ? 'measuring.onNoSlice' : 'measuring.inThePatient')}</span>
      </li>
    )
  }
  return (
    <li>
      <button type="button" className={classes.title} aria-label={t('measuring.goTo', { what: words })} onClick={() => goTo(goal)}>
        {words}
      </button>
    </li>
  )
}
