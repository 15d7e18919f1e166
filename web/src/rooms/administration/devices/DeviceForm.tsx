/** One device: what it is called, how it calls, how we call it, what it leaves unsaid. */
import { Checkbox, NativeSelect, NumberInput, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { addDevice, changeDevice, type Device, type NewDevice } from '../../../api/devices'
import { departmentsQuery } from '../../../api/institutions'
import { FormDialog } from '../../../frame/FormDialog'
import { useFields } from '../../../kit/use-fields'
import { CHARACTER_SETS } from '../character-sets'
import { bodyOf, fieldsOf } from './device-fields'
import classes from './Devices.module.css'

interface DeviceFormProps {
  /** A device to change, or what is known of a new one. */
  readonly device: Device | Partial<NewDevice>
  readonly institutionId?: number
  readonly onClose: () => void
}

export function DeviceForm({ device, institutionId, onClose }: DeviceFormProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const departments = useQuery(departmentsQuery(institutionId)).data ?? []
  const { fields, set, text, flag } = useFields(fieldsOf(device))
  const known = 'device_id' in device ? device : undefined
  const saving = useMutation({
    mutationFn: () => (known ? changeDevice(known.device_id, bodyOf(fields), institutionId) : addDevice(bodyOf(fields), institutionId)),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === 'devices' || queryKey[0] === 'refused-calls' })
      onClose()
    },
  })
  const plain = { autoComplete: 'off', spellCheck: false }
  return (
    <FormDialog
      title={known ? t('manage.devices.editTitle') : t('manage.devices.add')}
      size="lg"
      ready={fields.name.trim() !== '' && fields.ae_title.trim() !== ''}
      saving={saving}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput label={t('manage.devices.name')} placeholder={t('manage.devices.nameHint')} maxLength={64} data-autofocus {...plain} {...text('name')} />
        <TextInput label={t('list.aeTitle')} maxLength={16} {...plain} {...text('ae_title')} />
        <TextInput label={t('manage.devices.modality')} placeholder="CT" maxLength={16} {...plain} {...text('modality')} />
        <TextInput label={t('manage.devices.room')} maxLength={64} {...plain} {...text('room')} />
        {departments.length > 0 && (
          <NativeSelect
            label={t('manage.devices.department')}
            data={[
              { value: '', label: t('manage.people.noDepartment') },
              ...departments.map((each) => ({ value: String(each.department_id), label: each.name })),
            ]}
            {...text('department')}
          />
        )}
      </SimpleGrid>
      <h3 className={classes.part}>{t('manage.devices.calling')}</h3>
      <Textarea label={t('manage.devices.networks')} description={t('manage.devices.networksHint')} autosize minRows={1} maxRows={6} {...plain} {...text('networks')} />
      <TextInput label={t('manage.devices.certificate')} description={t('manage.devices.certificateHint')} maxLength={200} {...plain} {...text('certificate')} />
      <Stack gap="xs">
        <Checkbox label={t('manage.devices.plain')} {...flag('plain_allowed')} />
        <Checkbox label={t('manage.devices.store')} {...flag('may_store')} />
        <Checkbox label={t('manage.devices.query')} {...flag('may_query')} />
        <Checkbox label={t('manage.devices.activeLabel')} {...flag('active')} />
      </Stack>
      <h3 className={classes.part}>{t('manage.devices.called')}</h3>
      <SimpleGrid cols={2} spacing="sm">
        <TextInput label={t('list.host')} maxLength={255} {...plain} {...text('host')} />
        <NumberInput label={t('list.port')} min={1} max={65535} hideControls value={fields.port} onChange={(port) => set({ port: String(port) })} />
      </SimpleGrid>
      <Checkbox label={t('manage.devices.tls')} {...flag('tls')} />
      <Text size="xs" c="dimmed">
        {t('manage.devices.calledHint')}
      </Text>
      <h3 className={classes.part}>{t('manage.devices.unsaid')}</h3>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <NativeSelect
          label={t('senders.characterSet')}
          data={[{ value: '', label: t('senders.assumeNothing') }, ...setsWith(fields.default_character_set)]}
          {...text('default_character_set')}
        />
        <TextInput label={t('patients.issuer')} maxLength={64} {...plain} {...text('issuer_of_patient_id')} />
        <TextInput label={t('manage.devices.manufacturer')} maxLength={64} {...plain} {...text('manufacturer')} />
        <TextInput label={t('manage.devices.stationName')} maxLength={16} {...plain} {...text('station_name')} />
      </SimpleGrid>
    </FormDialog>
  )
}

/** The usual character sets, and the one that is set when it is none of these. */
function setsWith(now: string): readonly string[] {
  return now && !CHARACTER_SETS.some((each) => each === now) ? [now, ...CHARACTER_SETS] : CHARACTER_SETS
}
