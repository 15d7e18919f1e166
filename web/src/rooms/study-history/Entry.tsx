/** One thing that happened to a study: what, why, who, when, and taking it back. */
import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'

import { Icon } from '../../brand/Icon'
import { Refusal } from '../../frame/Refusal'
import { useMay } from '../../frame/rights'
import classes from './StudyHistory.module.css'

interface EntryProps {
  readonly title: string
  readonly facts: readonly (string | null | undefined)[]
  readonly over: string | undefined
  /** undefined: it is undone elsewhere. */
  readonly act: string | undefined
  readonly right: string
  readonly onAct: () => Promise<unknown>
  readonly children?: ReactNode
}

export function Entry({ title, facts, over, act, right, onAct, children }: EntryProps) {
  const queryClient = useQueryClient()
  const may = useMay()
  const acting = useMutation({ mutationFn: onAct, onSettled: () => queryClient.invalidateQueries() })
  return (
    <section className={classes.entry} data-over={over !== undefined} data-history-entry>
      <div className={classes.head}>
        <h2>{title}</h2>
        {over === undefined && act !== undefined && may(right) && (
          <Button variant="default" size="compact-sm" leftSection={<Icon name="undo" size={16} />} loading={acting.isPending} onClick={() => acting.mutate()}>
            {act}
          </Button>
        )}
        {over !== undefined && <span className={classes.over}>{over}</span>}
      </div>
      <p className={classes.facts}>{facts.filter(Boolean).join(' · ')}</p>
      {children}
      <Refusal error={acting.error} />
    </section>
  )
}
