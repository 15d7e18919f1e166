/** Filing the draft as a structured report (PS3.16 TID 1500), for those who may. */
import { Button } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { api, ApiError, dataOf } from '../../../api/client'
import { useMay } from '../../../frame/rights'
import { useStore } from '../../../kit/store'
import { studyQuery } from '../use-study'
import type { Draft } from './draft'
import classes from './Measuring.module.css'
import { reportedKey } from './reported'

export function reasonOf(error: unknown): string {
  return error instanceof ApiError ? error.reason : 'unreachable'
}

export function FileReport({ studyInstanceUid, draft }: { readonly studyInstanceUid: string; readonly draft: Draft }) {
  const { t, i18n } = useTranslation()
  const mayFile = useMay()('annotate')
  const queries = useQueryClient()
  const { measurements, saving } = useStore(draft.state)
  const filing = useMutation({
    mutationFn: async () =>
      dataOf(
        await api.POST('/api/studies/{study_instance_uid}/measurements/report', {
          params: { path: { study_instance_uid: studyInstanceUid } },
          body: { language: i18n.language === 'zh-CN' ? 'zh-CN' : 'en' },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: reportedKey(studyInstanceUid) })
      await queries.invalidateQueries({ queryKey: studyQuery(studyInstanceUid).queryKey })
    },
  })
  if (!mayFile || measurements.length === 0) return null
  return (
    <div className={classes.actions}>
      <Button size="xs" disabled={saving !== 'saved'} loading={filing.isPending} onClick={() => filing.mutate()}>
        {t('measuring.file')}
      </Button>
      <p className={classes.note} role="status">
        {saving !== 'saved' && t('measuring.fileUnsaved')}
        {saving === 'saved' && filing.isSuccess && t('measuring.filed')}
        {saving === 'saved' && filing.isError && t('measuring.fileFailed', { reason: reasonOf(filing.error) })}
      </p>
    </div>
  )
}
