/** What does not fit together and waits for a person: what differs, what can be done, and what each choice means. */
import { Group, NativeSelect, SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { qualityTasksQuery } from '../../api/quality'
import { Nothing } from '../../frame/Nothing'
import { Page } from '../../frame/Page'
import { Refusal } from '../../frame/Refusal'
import { TaskCard } from './TaskCard'
import { KINDS, useTaskWords } from './task-words'

export function QualityTasks() {
  const { t } = useTranslation()
  const [state, setState] = useState<'open' | 'resolved'>('open')
  const [kind, setKind] = useState('')
  const { data, error } = useQuery(qualityTasksQuery(state, kind))
  const words = useTaskWords()
  return (
    <Page title={t('quality.title')} intro={t('quality.intro')}>
      <Group gap="sm">
        <SegmentedControl
          aria-label={t('quality.state')}
          value={state}
          onChange={setState}
          data={[
            { value: 'open', label: t('quality.open') },
            { value: 'resolved', label: t('quality.resolved') },
          ]}
        />
        <NativeSelect
          aria-label={t('quality.kind')}
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value)}
          data={[{ value: '', label: t('quality.everyKind') }, ...KINDS.map((value) => ({ value, label: words.kind(value) }))]}
        />
      </Group>
      <Refusal error={error} />
      {data?.tasks.length === 0 && (
        <Nothing title={state === 'open' ? t('quality.none') : t('quality.noneResolved')} detail={state === 'open' ? t('quality.noneDetail') : undefined} />
      )}
      {data?.tasks.map((task) => (
        <TaskCard key={task.task_id} task={task} />
      ))}
    </Page>
  )
}
