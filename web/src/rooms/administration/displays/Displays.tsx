/** Which displays were tested, by whom and when, and after how many days readers are reminded. */
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { type Workstation, workstationsQuery } from '../../../api/display-checks'
import { Mark, NameCell, Quiet } from '../../../frame/Facts'
import { type Column, RecordList } from '../../../frame/RecordList'
import { readableMoment } from '../../../kit/dates'
import { AdministrationPage } from '../AdministrationPage'
import classes from './Displays.module.css'
import { Interval } from './Interval'
import { notSeen } from './NotSeen'

export function Displays() {
  const { t } = useTranslation()
  const { data, error } = useQuery({ ...workstationsQuery, refetchInterval: 60_000 })
  const readerOf = useReaderOf()
  return (
    <AdministrationPage title={t('displays.title')} intro={t('displays.intro')}>
      {data && <Interval days={data.due_after_days} />}
      <h2 className={classes.heading}>{t('displays.list')}</h2>
      <RecordList
        name={t('displays.list')}
        records={data?.workstations}
        error={error}
        keyOf={(each) => each.workstation}
        nameOf={(each) => each.workstation}
        textOf={(each) => `${each.workstation} ${readerOf(each)} ${each.note ?? ''}`}
        columns={useColumns()}
        below={notSeen}
        empty={{ title: t('displays.none'), detail: t('displays.noneDetail') }}
      />
      {data && data.left_off > 0 && <p>{t('displays.leftOff', { count: data.left_off })}</p>}
    </AdministrationPage>
  )
}

function useColumns(): readonly Column<Workstation>[] {
  const { t } = useTranslation()
  const readerOf = useReaderOf()
  const pixels = ({ width, height, pixel_ratio: ratio }: Workstation['screen']) =>
    t('displays.pixels', { width: Math.round(width * ratio), height: Math.round(height * ratio) })
  return [
    {
      key: 'workstation',
      title: t('displays.workstation'),
      cell: (each) => <NameCell name={each.workstation} detail={pixels(each.screen)} />,
      order: (each) => each.workstation,
    },
    { key: 'at', title: t('displays.at'), cell: (each) => readableMoment(each.checked_at), order: (each) => each.checked_at },
    { key: 'by', title: t('displays.by'), cell: (each) => (each.reader_name === null ? <Quiet>{readerOf(each)}</Quiet> : readerOf(each)), order: readerOf },
    {
      key: 'result',
      title: t('displays.result'),
      cell: (each) => <Mark tone={each.passed ? 'good' : 'bad'}>{t(each.passed ? 'displays.passed' : 'displays.failed')}</Mark>,
      order: (each) => each.passed,
    },
    { key: 'next', title: t('displays.next'), cell: (each) => <Next workstation={each} />, order: (each) => each.due_at ?? '' },
  ]
}

function Next({ workstation: { due, due_at: at } }: { readonly workstation: Workstation }) {
  const { t } = useTranslation()
  if (at === null) return <Mark tone="bad">{t('displays.dueNow')}</Mark>
  const date = readableMoment(at).slice(0, 10)
  return due ? <Mark tone="warning">{t('displays.overdue', { date })}</Mark> : <Mark tone="quiet">{t('displays.due', { date })}</Mark>
}

function useReaderOf(): (workstation: Workstation) => string {
  const { t } = useTranslation()
  return ({ reader, reader_name: name }) => name ?? t(reader.startsWith('program ') ? 'displays.program' : 'displays.unknown')
}
