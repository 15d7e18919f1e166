/** One patient's restrictions with their history, and who cares for her. */
import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { liftRestriction, type Restriction, type RestrictionKind, restrictionsOfQuery, restrictPatient } from '../../api/restriction'
import { Dialog } from '../../frame/Dialog'
import { Mark } from '../../frame/Facts'
import { Refusal } from '../../frame/Refusal'
import { readableMoment } from '../../kit/dates'
import { useFields } from '../../kit/use-fields'
import { Care } from './Care'

const KINDS = ['vip', 'staff', 'no-sharing', 'legal-hold'] as const

interface RestrictionsDialogProps {
  readonly patientKey: number
  readonly name: string
  readonly onClose: () => void
}

export function RestrictionsDialog({ patientKey, name, onClose }: RestrictionsDialogProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery(restrictionsOfQuery(patientKey))
  const { fields, set, text } = useFields<{ kind: RestrictionKind; reason: string }>({ kind: 'vip', reason: '' })
  const renew = async () => {
    set({ reason: '' })
    await queryClient.invalidateQueries({ queryKey: ['restrictions'] })
  }
  const adding = useMutation({ mutationFn: () => restrictPatient(patientKey, fields.kind, fields.reason.trim()), onSuccess: renew })
  const lifting = useMutation({ mutationFn: (one: Restriction) => liftRestriction(one, fields.reason.trim()), onSuccess: renew })
  const said = fields.reason.trim().length >= 3
  const open = data?.filter((each) => each.lifted_at === null) ?? []
  const lifted = data?.filter((each) => each.lifted_at !== null) ?? []
  return (
    <Dialog title={t('sharing.restriction.of', { name })} size="lg" onClose={onClose}>
      <Stack gap="lg">
        <Refusal error={error ?? adding.error ?? lifting.error} />
        {open.map((each) => (
          <Group key={each.restriction_id} justify="space-between" wrap="nowrap">
            <Stack gap={2}>
              <Mark tone="warning">{t(`sharing.restriction.kinds.${each.kind as RestrictionKind}`)}</Mark>
              <Text size="sm">{each.reason}</Text>
            </Stack>
            <Button
              variant="default"
              size="compact-sm"
              disabled={!said}
              loading={lifting.isPending}
              onClick={() => lifting.mutate(each)}
              aria-label={t('sharing.restriction.liftNamed', { kind: t(`sharing.restriction.kinds.${each.kind as RestrictionKind}`) })}
            >
              {t('sharing.restriction.lift')}
            </Button>
          </Group>
        ))}
        <Stack gap="sm">
          <Select
            label={t('sharing.restriction.kind')}
            description={t(`sharing.restriction.means.${fields.kind}`)}
            data={KINDS.map((kind) => ({ value: kind, label: t(`sharing.restriction.kinds.${kind}`) }))}
            value={fields.kind}
            allowDeselect={false}
            onChange={(kind) => set({ kind: (kind ?? 'vip') as RestrictionKind })}
          />
          <TextInput label={t('sharing.restriction.reason')} maxLength={500} autoComplete="off" {...text('reason')} />
          <Group justify="flex-end">
            <Button disabled={!said} loading={adding.isPending} onClick={() => adding.mutate()}>
              {t('sharing.restriction.add')}
            </Button>
          </Group>
        </Stack>
        <Care patientKey={patientKey} />
        {lifted.length > 0 && (
          <section>
            <h3>{t('sharing.restriction.history')}</h3>
            {lifted.map((each) => (
              <Text key={each.restriction_id} size="sm" c="dimmed">
                {`${t(`sharing.restriction.kinds.${each.kind as RestrictionKind}`)} · ${each.reason} · `}
                {t('sharing.restriction.lifted', { date: readableMoment(each.lifted_at ?? ''), reason: each.lifted_reason ?? '' })}
              </Text>
            ))}
          </section>
        )}
      </Stack>
    </Dialog>
  )
}
