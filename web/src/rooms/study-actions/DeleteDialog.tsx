/** Deleting studies: a reason first, and then until when they can be had back. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { deleteStudy } from '../../api/deletion'
import type { StudyRow } from '../../api/types'
import { Icon } from '../../brand/Icon'
import { Dialog } from '../../frame/Dialog'
import { DialogFooter } from '../../frame/DialogFooter'
import { readableMoment } from '../../kit/dates'
import { Reason } from './Reason'
import { letGo } from './selected-studies'
import { StudyNames } from './StudyNames'

interface DeleteDialogProps {
  readonly studies: readonly StudyRow[]
  readonly onClose: () => void
}

export function DeleteDialog({ studies, onClose }: DeleteDialogProps) {
  const { t } = useTranslation()
  const [reason, setReason] = useState('')
  const queryClient = useQueryClient()
  const deletion = useMutation({
    mutationFn: async () => {
      let until = ''
      for (const { study_instance_uid: uid } of studies) {
        until = await deleteStudy(uid, reason.trim())
        letGo([uid])
      }
      return until
    },
    onSettled: () =>
      Promise.all(['studies', 'studies-renewal', 'deleted-studies'].map((key) => queryClient.invalidateQueries({ queryKey: [key] }))),
  })
  if (deletion.isSuccess) return <Deleted count={studies.length} until={deletion.data} onClose={onClose} />
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (reason.trim()) deletion.mutate()
  }
  return (
    <Dialog title={t('deletion.title', { count: studies.length })} onClose={onClose}>
      <form onSubmit={submit}>
        <Stack gap="md">
          <StudyNames studies={studies} />
          <Text size="sm">{t('deletion.what')}</Text>
          <Reason value={reason} placeholder={t('deletion.reasonExample')} onChange={setReason} />
          <DialogFooter error={deletion.error} confirm={t('deletion.confirm')} ready={reason.trim() !== ''} busy={deletion.isPending} danger onCancel={onClose} />
        </Stack>
      </form>
    </Dialog>
  )
}

function Deleted({ count, until, onClose }: { readonly count: number; readonly until: string; readonly onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Dialog title={t('deletion.done', { count })} onClose={onClose}>
      <Stack gap="md">
        <Group gap="sm" wrap="nowrap" align="flex-start" role="status">
          <Icon name="history" />
          <Text data-testid="recoverable-until">{t('deletion.until', { until: readableMoment(until) })}</Text>
        </Group>
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            {t('common.close')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
