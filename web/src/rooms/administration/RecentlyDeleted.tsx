/** Studies that were deleted and can still be had back, or be erased for good at once. */
import { Button, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type DeletedStudy, deletedStudiesQuery, eraseStudy, restoreStudy } from '../../api/deletion'
import { Icon } from '../../brand/Icon'
import { FormDialog } from '../../frame/FormDialog'
import { Nothing } from '../../frame/Nothing'
import { Refusal } from '../../frame/Refusal'
import { useMay } from '../../frame/rights'
import { readableDate, readableMoment } from '../../kit/dates'
import { marked } from '../../kit/marked'
import { readableName } from '../../kit/person-name'
import classes from './Administration.module.css'
import { AdministrationPage } from './AdministrationPage'

export function RecentlyDeleted() {
  const { t } = useTranslation()
  const { data, error } = useQuery(deletedStudiesQuery)
  const [erased, setErased] = useState<DeletedStudy>()
  return (
    <AdministrationPage title={t('deleted.title')} intro={t('deleted.intro')}>
      <Refusal error={error} />
      {data?.length === 0 && <Nothing title={t('deleted.none')} detail={t('deleted.noneDetail')} />}
      {data && data.length > 0 && (
        <ul className={classes.list}>
          {data.map((study) => (
            <DeletedLine key={study.study_instance_uid} study={study} onErase={() => setErased(study)} />
          ))}
        </ul>
      )}
      {erased && <Erasure study={erased} onClose={() => setErased(undefined)} />}
    </AdministrationPage>
  )
}

function useNameOf(): (study: DeletedStudy) => string {
  const { t, i18n } = useTranslation()
  return (study) => readableName(study.patient_name, i18n.language)?.main ?? t('list.noName')
}

function DeletedLine({ study, onErase }: { readonly study: DeletedStudy; readonly onErase: () => void }) {
  const { t } = useTranslation()
  const may = useMay()
  const nameOf = useNameOf()
  const queryClient = useQueryClient()
  const restoring = useMutation({
    mutationFn: () => restoreStudy(study.study_instance_uid),
    onSettled: () => queryClient.invalidateQueries(),
  })
  const facts = [marked(study.patient_id ?? ''), readableDate(study.study_date), marked(study.study_description ?? ''), t('list.objects', { count: study.instance_count })]
  return (
    <li className={classes.line} data-deleted>
      <div className={classes.what}>
        <strong>{nameOf(study)}</strong>
        <span className={classes.quiet}>{facts.filter(Boolean).join(' · ')}</span>
        <span className={classes.quiet}>{[study.reason, study.deleted_by, readableMoment(study.deleted_at)].filter(Boolean).join(' · ')}</span>
        <span>{t('deleted.until', { until: readableMoment(study.recoverable_until) })}</span>
        <KeptAfter study={study} />
        <Refusal error={restoring.error} />
      </div>
      <div className={classes.acts}>
        <Button variant="default" size="compact-sm" leftSection={<Icon name="undo" size={16} />} loading={restoring.isPending} onClick={() => restoring.mutate()}>
          {t('deleted.restore')}
        </Button>
        {may('erase') && study.kept_because === 'nothing' && (
          <Button variant="subtle" color="red" size="compact-sm" onClick={onErase}>
            {t('deleted.erase')}
          </Button>
        )}
      </div>
    </li>
  )
}

/** What the law keeps is not erased when it can be restored no more. */
function KeptAfter({ study }: { readonly study: DeletedStudy }) {
  const { t } = useTranslation()
  if (study.kept_because === 'nothing') return null
  if (study.kept_because === 'legal-hold') return <span>{t('retention.deleted.held')}</span>
  if (study.kept_until === null) return <span>{t('retention.deleted.admitted')}</span>
  return <span>{t('retention.deleted.keptUntil', { until: study.kept_until })}</span>
}

/** What cannot be undone is confirmed by typing, not by a click. */
function Erasure({ study, onClose }: { readonly study: DeletedStudy; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [typed, setTyped] = useState('')
  const word = t('deleted.eraseWord')
  const erasing = useMutation({
    mutationFn: () => eraseStudy(study.study_instance_uid),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: deletedStudiesQuery.queryKey })
      onClose()
    },
  })
  const nameOf = useNameOf()
  const ready = typed.trim().toLowerCase() === word.toLowerCase()
  return (
    <FormDialog
      title={t('deleted.eraseTitle')}
      confirm={t('deleted.erase')}
      danger
      ready={ready}
      saving={erasing}
      onSubmit={() => erasing.mutate()}
      onClose={onClose}
    >
      <Text>{t('deleted.eraseMeans', { name: nameOf(study), count: study.instance_count })}</Text>
      <TextInput
        label={t('deleted.eraseType', { word })}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
