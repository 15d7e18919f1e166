/** Proposals: what waits for whose approval, and what was destroyed. */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Destruction, destructionsQuery } from '../../api/retention'
import { Mark, NameCell, Quiet, type Tone } from '../../frame/Facts'
import { type Column, RecordList } from '../../frame/RecordList'
import { readableMoment } from '../../kit/dates'
import { DestructionDialog } from './DestructionDialog'
import classes from './Retention.module.css'
import { type Stage, stageOf } from './words'

const TONES: Record<Stage, Tone> = { withdrawn: 'quiet', left: 'quiet', waiting: 'warning', approvedOnce: 'warning', approved: 'bad', destroyed: 'good' }

export function Destructions() {
  const { t } = useTranslation()
  const { data, error } = useQuery(destructionsQuery)
  const [opened, setOpened] = useState<number>()
  const nameOf = (each: Destruction) => t('retention.destructions.named', { number: each.destruction_id })
  const columns = useColumns(nameOf, (number) => data?.names[number] ?? number)
  return (
    <section aria-labelledby="destructions">
      <h2 id="destructions" className={classes.heading}>
        {t('retention.destructions.title')}
      </h2>
      <RecordList
        name={t('retention.destructions.title')}
        records={data?.destructions}
        error={error}
        keyOf={(each) => each.destruction_id}
        nameOf={nameOf}
        textOf={(each) => `${each.destruction_id} ${each.reason}`}
        columns={columns}
        empty={{ title: t('retention.destructions.none') }}
        onOpen={(each) => setOpened(each.destruction_id)}
      />
      {opened !== undefined && <DestructionDialog destructionId={opened} onClose={() => setOpened(undefined)} />}
    </section>
  )
}

function useColumns(nameOf: (each: Destruction) => string, personOf: (number: string) => string): readonly Column<Destruction>[] {
  const { t } = useTranslation()
  const count = (each: Destruction) => Object.values(each.counts).reduce((sum, number) => sum + number, 0)
  return [
    {
      key: 'number',
      title: t('retention.destructions.open'),
      cell: (each) => (
        <NameCell name={nameOf(each)} detail={`${t('retention.destructions.by', { name: personOf(each.proposed_by) })} · ${readableMoment(each.proposed_at)}`} />
      ),
      order: (each) => each.destruction_id,
    },
    { key: 'reason', title: t('retention.destructions.reason'), cell: (each) => each.reason },
    {
      key: 'state',
      title: t('retention.destructions.state'),
      cell: (each) => (
        <>
          <Mark tone={TONES[stageOf(each)]}>{t(`retention.destructions.${stageOf(each)}`)}</Mark>
          <Quiet>{t('retention.destructions.studies', { count: count(each) })}</Quiet>
        </>
      ),
      order: (each) => stageOf(each),
    },
  ]
}
