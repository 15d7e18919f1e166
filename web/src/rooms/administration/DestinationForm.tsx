/** One destination: its name for people, its DICOM address, how it is sent to. */
import { Checkbox, NativeSelect, SimpleGrid, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { addDestination, changeDestination, type Destination, type DestinationFields, destinationsQuery } from '../../api/destinations'
import { FormDialog } from '../../frame/FormDialog'

const NEW: DestinationFields = {
  name: '',
  ae_title: '',
  host: '',
  port: 104,
  calling_ae_title: '',
  transfer_syntaxes: 'stored',
  send_allowed: true,
  notify_availability: false,
  tls: false,
  certificate: '',
}

interface DestinationFormProps {
  readonly destination: Destination | undefined
  readonly onClose: () => void
}

export function DestinationForm({ destination, onClose }: DestinationFormProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [fields, setFields] = useState<DestinationFields>(destination ? { ...destination, certificate: destination.certificate ?? '' } : NEW)
  const [port, setPort] = useState(String(fields.port))
  const saving = useMutation({
    mutationFn: (body: DestinationFields) => (destination ? changeDestination(destination.destination_id, body) : addDestination(body)),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: destinationsQuery.queryKey })
      onClose()
    },
  })
  const ready = Boolean(fields.name.trim() && fields.ae_title.trim() && fields.host.trim()) && /^\d{1,5}$/.test(port)
  const submit = () => {
    const { name, ae_title, host, calling_ae_title, transfer_syntaxes, send_allowed, notify_availability, tls } = fields
    saving.mutate({
      name: name.trim(),
      ae_title: ae_title.trim(),
      host: host.trim(),
      port: Number(port),
      calling_ae_title: calling_ae_title.trim(),
      transfer_syntaxes,
      send_allowed,
      notify_availability,
      tls,
      certificate: fields.certificate.trim(),
    })
  }
  const field = (key: 'name' | 'ae_title' | 'host' | 'calling_ae_title' | 'certificate', label: string, more: object = {}) => (
    <TextInput
      label={label}
      autoComplete="off"
      spellCheck={false}
      value={fields[key]}
      onChange={(event) => {
        const { value } = event.currentTarget
        setFields((now) => ({ ...now, [key]: value }))
      }}
      {...more}
    />
  )
  return (
    <FormDialog
      title={destination ? t('destinations.editTitle') : t('destinations.addTitle')}
      ready={ready}
      saving={saving}
      onSubmit={submit}
      onClose={onClose}
    >
      {field('name', t('destinations.name'), { maxLength: 64, description: t('destinations.nameHint'), 'data-autofocus': true })}
      {field('ae_title', t('list.aeTitle'), { maxLength: 16 })}
      <SimpleGrid cols={2} spacing="sm">
        {field('host', t('list.host'), { maxLength: 255 })}
        <TextInput label={t('list.port')} inputMode="numeric" maxLength={5} value={port} onChange={(event) => setPort(event.currentTarget.value)} />
      </SimpleGrid>
      {field('calling_ae_title', t('destinations.calling'), { maxLength: 16, description: t('destinations.callingHint') })}
      <Checkbox
        label={t('destinations.tls')}
        description={t('destinations.tlsHint')}
        checked={fields.tls}
        onChange={(event) => setFields({ ...fields, tls: event.currentTarget.checked })}
      />
      {fields.tls && field('certificate', t('destinations.certificate'), { maxLength: 128, description: t('destinations.certificateHint') })}
      <NativeSelect
        label={t('destinations.syntaxes')}
        value={fields.transfer_syntaxes}
        onChange={(event) => {
          const wanted = event.currentTarget.value === 'decoded' ? 'decoded' : 'stored'
          setFields((now) => ({ ...now, transfer_syntaxes: wanted }))
        }}
        data={[
          { value: 'stored', label: t('destinations.stored') },
          { value: 'decoded', label: t('destinations.decoded') },
        ]}
      />
      <Checkbox
        label={t('destinations.sendAllowed')}
        checked={fields.send_allowed}
        onChange={(event) => setFields({ ...fields, send_allowed: event.currentTarget.checked })}
      />
      <Checkbox
        label={t('destinations.notify')}
        description={t('destinations.notifyHint')}
        checked={fields.notify_availability}
        onChange={(event) => setFields({ ...fields, notify_availability: event.currentTarget.checked })}
      />
    </FormDialog>
  )
}
