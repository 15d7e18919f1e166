/** Opening, in an emergency, what one does not usually see: with a reason, an alarm and a review. */
import { Alert, Button, SegmentedControl, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { breakGlass } from '../../api/restriction'
import { Icon } from '../../brand/Icon'
import { FormDialog } from '../../frame/FormDialog'
import { useMay } from '../../frame/rights'
import { useFields } from '../../kit/use-fields'

const SHORTEST_REASON = 10

interface BreakGlassProps {
  /** Known when an address led to the study; else a number is asked for. */
  readonly studyInstanceUid?: string
}

/** The button with its dialog; nothing for who may not. */
export function BreakGlass({ studyInstanceUid }: BreakGlassProps) {
  const { t } = useTranslation()
  const may = useMay()
  const [asking, setAsking] = useState(false)
  if (!may('break-glass')) return null
  return (
    <>
      <p>{t('sharing.glass.offer')}</p>
      <Button variant="default" leftSection={<Icon name="lock" size={18} />} onClick={() => setAsking(true)}>
        {t('sharing.glass.open')}
      </Button>
      {asking && <BreakGlassDialog studyInstanceUid={studyInstanceUid} onClose={() => setAsking(false)} />}
    </>
  )
}

interface BreakGlassDialogProps extends BreakGlassProps {
  readonly onClose: () => void
}

type By = 'patient_id' | 'accession_number'

function BreakGlassDialog({ studyInstanceUid, onClose }: BreakGlassDialogProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { fields, set, text } = useFields<{ by: By; number: string; reason: string }>({ by: 'patient_id', number: '', reason: '' })
  const opening = useMutation({
    mutationFn: () => {
      const known = studyInstanceUid ? { study_instance_uid: studyInstanceUid } : { [fields.by]: fields.number.trim() }
      return breakGlass({ ...known, reason: fields.reason.trim() })
    },
    // What is open now was asked for before, and answered that it is not there.
    onSuccess: () => {
      onClose()
      return queryClient.invalidateQueries()
    },
  })
  const known = studyInstanceUid !== undefined || fields.number.trim() !== ''
  return (
    <FormDialog
      title={t('sharing.glass.title')}
      confirm={t('sharing.glass.confirm')}
      danger
      ready={known && fields.reason.trim().length >= SHORTEST_REASON}
      saving={opening}
      onSubmit={() => opening.mutate()}
      onClose={onClose}
    >
      <Alert color="orange" variant="light" icon={<Icon name="warning" size={18} />}>
        {t('sharing.glass.means')}
      </Alert>
      {!studyInstanceUid && (
        <>
          <SegmentedControl
            aria-label={t('sharing.glass.by')}
            value={fields.by}
            onChange={(by) => set({ by })}
            data={(['patient_id', 'accession_number'] as const).map((by) => ({ value: by, label: t(`sharing.glass.bys.${by}`) }))}
          />
          <TextInput label={t('sharing.glass.number')} autoComplete="off" spellCheck={false} data-autofocus {...text('number')} />
        </>
      )}
      <Textarea
        label={t('sharing.glass.reason')}
        description={t('sharing.glass.reasonHint')}
        autosize
        minRows={2}
        maxLength={500}
        data-autofocus={studyInstanceUid ? true : undefined}
        {...text('reason')}
      />
    </FormDialog>
  )
}
