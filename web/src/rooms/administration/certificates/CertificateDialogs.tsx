/** Issuing a certificate for a device's signing request, and trusting one that a device brings along. */
import { Button, Group, NumberInput, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { certificatesQuery, type Issued, issueCertificate, trustCertificate } from '../../../api/certificates'
import { Icon } from '../../../brand/Icon'
import { Dialog } from '../../../frame/Dialog'
import { FormDialog } from '../../../frame/FormDialog'
import { saveText } from '../../../kit/save-text'
import { useFields } from '../../../kit/use-fields'
import classes from './Certificates.module.css'

const USUAL_DAYS = 730

function useRefresh(): () => Promise<void> {
  const queryClient = useQueryClient()
  return () => queryClient.invalidateQueries({ queryKey: certificatesQuery.queryKey })
}

export function IssueDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation()
  const { fields, set, text } = useFields({ name: '', request: '', days: USUAL_DAYS })
  const issuing = useMutation({
    mutationFn: () => issueCertificate(fields.name.trim(), fields.request.trim(), fields.days),
    onSuccess: useRefresh(),
  })
  if (issuing.data) return <IssuedDialog issued={issuing.data} onClose={onClose} />
  return (
    <FormDialog
      title={t('manage.certificates.issueTitle')}
      size="lg"
      confirm={t('manage.certificates.issue')}
      ready={fields.name.trim() !== '' && fields.request.includes('REQUEST') && fields.days > 0}
      saving={issuing}
      onSubmit={() => issuing.mutate()}
      onClose={onClose}
    >
      <Text size="sm" c="dimmed">
        {t('manage.certificates.issueAbout')}
      </Text>
      <TextInput label={t('manage.certificates.name')} maxLength={64} autoComplete="off" data-autofocus {...text('name')} />
      <PemField label={t('manage.certificates.request')} {...text('request')} />
      <NumberInput
        label={t('manage.certificates.days')}
        min={1}
        max={825}
        hideControls
        value={fields.days}
        onChange={(days) => set({ days: Number(days) || 0 })}
      />
    </FormDialog>
  )
}

function IssuedDialog({ issued, onClose }: { readonly issued: Issued; readonly onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Dialog title={t('manage.certificates.issued')} onClose={onClose}>
      <Stack gap="md">
        <Text size="sm">{t('manage.certificates.issuedAbout')}</Text>
        <Group gap="sm">
          <Button variant="default" leftSection={<Icon name="download" size={18} />} onClick={() => saveText('device.pem', issued.pem)}>
            {t('manage.certificates.its')}
          </Button>
          <Button variant="default" leftSection={<Icon name="download" size={18} />} onClick={() => saveText('isocenter-authority.pem', issued.authority_pem)}>
            {t('manage.certificates.authority')}
          </Button>
        </Group>
        <Text size="sm">{t('manage.certificates.fingerprint')}</Text>
        <code className={classes.fingerprint}>{issued.certificate.fingerprint}</code>
        <Group justify="flex-end">
          <Button onClick={onClose}>{t('common.close')}</Button>
        </Group>
      </Stack>
    </Dialog>
  )
}

export function TrustDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useTranslation()
  const refresh = useRefresh()
  const [pem, setPem] = useState('')
  const trusting = useMutation({
    mutationFn: () => trustCertificate(pem.trim()),
    onSuccess: async () => {
      await refresh()
      onClose()
    },
  })
  return (
    <FormDialog
      title={t('manage.certificates.trustTitle')}
      size="lg"
      ready={pem.includes('CERTIFICATE')}
      saving={trusting}
      onSubmit={() => trusting.mutate()}
      onClose={onClose}
    >
      <Text size="sm" c="dimmed">
        {t('manage.certificates.trustAbout')}
      </Text>
      <PemField label={t('manage.certificates.pem')} value={pem} onChange={(event) => setPem(event.currentTarget.value)} />
    </FormDialog>
  )
}

interface PemFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (event: React.ChangeEvent<HTMLTextAreaElement>) => void
}

function PemField(props: PemFieldProps) {
  return (
    <Textarea
      {...props}
      rows={8}
      autoComplete="off"
      spellCheck={false}
      placeholder="-----BEGIN …"
      classNames={{ input: classes.fingerprint }}
    />
  )
}
