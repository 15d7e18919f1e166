/** Patients that were put together, and taking them apart again. */
import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { type Merge, mergesQuery, undoMerge } from '../../api/patients'
import { Icon } from '../../brand/Icon'
import { Refusal } from '../../frame/Refusal'
import { readableMoment } from '../../kit/dates'
import { usePersonWords } from './patient-facts'
import classes from './Patients.module.css'

export function Merges() {
  const { t } = useTranslation()
  const { data } = useQuery(mergesQuery)
  if (!data || data.length === 0) return null
  return (
    <section className={classes.merges} aria-labelledby="merges">
      <h2 id="merges">{t('patients.merges')}</h2>
      <ul className={classes.list}>
        {data.map((merge) => (
          <MergeLine key={merge.merge_id} merge={merge} />
        ))}
      </ul>
    </section>
  )
}

function MergeLine({ merge }: { readonly merge: Merge }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const inWords = usePersonWords()
  const undo = useMutation({ mutationFn: () => undoMerge(merge.merge_id), onSettled: () => queryClient.invalidateQueries() })
  const label = (person: Merge['patient']) => {
    if (!person) return t('list.noName')
    const words = inWords(person)
    return [words.name ?? t('list.noName'), words.id].filter(Boolean).join(' · ')
  }
  return (
    <li className={classes.merge} data-merge>
      <div className={classes.mergeWords}>
        <span className={classes.into}>
          {label(merge.patient)} <Icon name="arrow" size={16} /> <strong>{label(merge.into)}</strong>
        </span>
        <span className={classes.quiet}>{[merge.reason, merge.merged_by, readableMoment(merge.merged_at)].filter(Boolean).join(' · ')}</span>
        <Refusal error={undo.error} />
      </div>
      {merge.undone_at ? (
        <span className={classes.quiet}>{t('patients.undone', { at: readableMoment(merge.undone_at) })}</span>
      ) : (
        <Button variant="default" size="compact-sm" leftSection={<Icon name="undo" size={16} />} loading={undo.isPending} onClick={() => undo.mutate()}>
          {t('common.undo')}
        </Button>
      )}
    </li>
  )
}
