/** Drills: what coming back would take now, as measured, each with its signed evidence. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { type Drill, drillsQuery, evidenceAddress } from '../../../api/continuity'
import { Icon } from '../../../brand/Icon'
import { Mark, NameCell, Quiet } from '../../../frame/Facts'
import type { Column } from '../../../frame/RecordList'
import { Refusal } from '../../../frame/Refusal'
import { readableMoment } from '../../../kit/dates'
import { readableCount } from '../../../kit/quantities'
import { Part, Table } from '../operations/Part'

export function Drills() {
  const { t } = useTranslation()
  const { data, error } = useQuery(drillsQuery)
  const columns = useColumns()
  return (
    <Part title={t('continuity.drills')}>
      <Refusal error={error} />
      {data?.drills.length === 0 && <Quiet>{t('continuity.noDrills')}</Quiet>}
      {data && data.drills.length > 0 && (
        <Table name={t('continuity.drills')} records={data.drills} columns={columns} nameOf={(drill) => drill.drill_id} />
      )}
    </Part>
  )
}

function useColumns(): readonly Column<Drill>[] {
  const { t, i18n } = useTranslation()
  const seconds = (value: number | null | undefined, goal: number | null | undefined) =>
    typeof value !== 'number' ? t('common.none') : t('continuity.secondsOfGoal', { value: value.toFixed(1), goal: goal ?? '–' })
  return [
    {
      key: 'at',
      title: t('continuity.at'),
      cell: (drill) => <NameCell name={drill.at ? readableMoment(drill.at) : drill.drill_id} detail={drill.site ?? ''} />,
    },
    { key: 'outcome', title: t('continuity.outcome'), cell: (drill) => outcome(drill) },
    { key: 'rto', title: t('continuity.rto'), cell: (drill) => seconds(drill.rto_s, drill.rto_goal_s) },
    { key: 'rpo', title: t('continuity.rpo'), cell: (drill) => seconds(drill.rpo_s, drill.rpo_goal_s) },
    {
      key: 'read',
      title: t('continuity.readBack'),
      cell: (drill) =>
        t('continuity.readBackValue', {
          right: readableCount(drill.right ?? 0, i18n.language),
          wrong: readableCount(drill.wrong ?? 0, i18n.language),
          away: readableCount(drill.away ?? 0, i18n.language),
        }),
    },
    {
      key: 'evidence',
      title: t('continuity.evidence'),
      cell: (drill) => (
        <Button
          component="a"
          href={evidenceAddress(drill.drill_id)}
          download
          variant="default"
          size="xs"
          leftSection={<Icon name="download" size={16} />}
          aria-label={t('continuity.download', { drill: drill.drill_id })}
        >
          {drill.drill_id}
        </Button>
      ),
    },
  ]

  function outcome(drill: Drill) {
    if (!drill.signed) return <Mark tone="bad">{t('continuity.forged')}</Mark>
    return drill.passed ? <Mark tone="good">{t('continuity.passed')}</Mark> : <Mark tone="bad">{t('continuity.failed')}</Mark>
  }
}
