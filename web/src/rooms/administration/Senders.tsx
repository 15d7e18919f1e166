/** What senders leave unsaid: how they write, and whose patient IDs they use. It holds for what arrives from then on. */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { putSender, type Sender, sendersQuery } from '../../api/senders'
import { Icon } from '../../brand/Icon'
import { FormDialog } from '../../frame/FormDialog'
import { Nothing } from '../../frame/Nothing'
import { Refusal } from '../../frame/Refusal'
import classes from './Administration.module.css'
import { AdministrationPage } from './AdministrationPage'
import { CHARACTER_SETS } from './character-sets'

const NEW: Sender = { ae_title: '', default_character_set: null, issuer_of_patient_id: null }

export function Senders() {
  const { t } = useTranslation()
  const { data, error } = useQuery(sendersQuery)
  const [edited, setEdited] = useState<Sender>()
  return (
    <AdministrationPage
      title={t('senders.title')}
      intro={t('senders.intro')}
      actions={
        <Button leftSection={<Icon name="add" size={18} />} onClick={() => setEdited(NEW)}>
          {t('senders.add')}
        </Button>
      }
    >
      <Refusal error={error} />
      {data?.length === 0 && <Nothing title={t('senders.none')} detail={t('senders.noneDetail')} />}
      {data && data.length > 0 && (
        <ul className={classes.list}>
          {data.map((sender) => (
            <SenderLine key={sender.ae_title} sender={sender} onEdit={() => setEdited(sender)} />
          ))}
        </ul>
      )}
      {edited && <SenderForm sender={edited} onClose={() => setEdited(undefined)} />}
    </AdministrationPage>
  )
}

function SenderLine({ sender, onEdit }: { readonly sender: Sender; readonly onEdit: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const forget = useMutation({
    mutationFn: () => putSender({ ...NEW, ae_title: sender.ae_title }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: sendersQuery.queryKey }),
  })
  const facts = [
    sender.default_character_set && t('senders.writes', { set: sender.default_character_set }),
    sender.issuer_of_patient_id && t('senders.issues', { issuer: sender.issuer_of_patient_id }),
  ]
  return (
    <li className={classes.line} data-sender>
      <div className={classes.what}>
        <strong>{sender.ae_title === '*' ? t('senders.everyOther') : sender.ae_title}</strong>
        <span className={classes.quiet}>{facts.filter(Boolean).join(' · ')}</span>
        <Refusal error={forget.error} />
      </div>
      <div className={classes.acts}>
        <Button variant="subtle" size="compact-sm" onClick={onEdit} aria-label={t('senders.editNamed', { name: sender.ae_title })}>
          {t('common.edit')}
        </Button>
        <Button
          variant="subtle"
          color="red"
          size="compact-sm"
          loading={forget.isPending}
          onClick={() => forget.mutate()}
          aria-label={t('senders.removeNamed', { name: sender.ae_title })}
        >
          {t('common.remove')}
        </Button>
      </div>
    </li>
  )
}

function SenderForm({ sender, onClose }: { readonly sender: Sender; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [fields, setFields] = useState(sender)
  const saving = useMutation({
    mutationFn: () =>
      putSender({
        ae_title: fields.ae_title.trim(),
        default_character_set: fields.default_character_set || null,
        issuer_of_patient_id: fields.issuer_of_patient_id?.trim() || null,
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: sendersQuery.queryKey })
      onClose()
    },
  })
  const known = sender.default_character_set
  const sets = known && !CHARACTER_SETS.some((each) => each === known) ? [known, ...CHARACTER_SETS] : CHARACTER_SETS
  const ready = fields.ae_title.trim() !== '' && Boolean(fields.default_character_set || fields.issuer_of_patient_id?.trim())
  return (
    <FormDialog
      title={sender.ae_title ? t('senders.editTitle') : t('senders.addTitle')}
      ready={ready}
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <TextInput
        label={t('senders.aeTitle')}
        description={t('senders.aeTitleHint')}
        maxLength={16}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        readOnly={sender.ae_title !== ''}
        value={fields.ae_title}
        onChange={(event) => setFields({ ...fields, ae_title: event.currentTarget.value })}
      />
      <NativeSelect
        label={t('senders.characterSet')}
        description={t('senders.characterSetHint')}
        value={fields.default_character_set ?? ''}
        onChange={(event) => setFields({ ...fields, default_character_set: event.currentTarget.value || null })}
        data={[{ value: '', label: t('senders.assumeNothing') }, ...sets.map((each) => ({ value: each, label: each }))]}
      />
      <TextInput
        label={t('patients.issuer')}
        description={t('senders.issuerHint')}
        maxLength={64}
        autoComplete="off"
        spellCheck={false}
        value={fields.issuer_of_patient_id ?? ''}
        onChange={(event) => setFields({ ...fields, issuer_of_patient_id: event.currentTarget.value })}
      />
    </FormDialog>
  )
}
