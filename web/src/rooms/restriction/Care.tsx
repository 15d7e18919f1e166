/** Who cares for a patient: entered for some days, ended before if need be. */
import { Button, Group, NumberInput, Select, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { beginCare, careOfQuery, type CareRelationship, carersQuery, endCare } from '../../api/restriction'
import { Refusal } from '../../frame/Refusal'
import { useRoleName } from '../../frame/role-names'
import { readableMoment } from '../../kit/dates'

const DAY_MS = 86_400_000
const USUAL_DAYS = 14

export function Care({ patientKey }: { readonly patientKey: number }) {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const queryClient = useQueryClient()
  const { data } = useQuery(careOfQuery(patientKey))
  const { data: carers } = useQuery(carersQuery)
  const [carer, setCarer] = useState<string | null>(null)
  const [days, setDays] = useState<string | number>(USUAL_DAYS)
  const renew = () => queryClient.invalidateQueries({ queryKey: ['care-relationships'] })
  const beginning = useMutation({
    mutationFn: () => beginCare(Number(carer), patientKey, new Date(Date.now() + Number(days) * DAY_MS).toISOString()),
    onSuccess: async () => {
      setCarer(null)
      await renew()
    },
  })
  const ending = useMutation({ mutationFn: (care: CareRelationship) => endCare(care.care_id), onSuccess: renew })
  const until = (care: CareRelationship) => {
    if (care.ended_at !== null) return t('sharing.restriction.careEnded', { date: readableMoment(care.ended_at) })
    return care.until === null ? '' : t('sharing.restriction.careUntil', { date: readableMoment(care.until) })
  }
  return (
    <section aria-label={t('sharing.restriction.care')}>
      <h3>{t('sharing.restriction.care')}</h3>
      <Refusal error={beginning.error ?? ending.error} />
      {data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('sharing.restriction.careNone')}
        </Text>
      )}
      {data?.map((care) => (
        <Group key={care.care_id} justify="space-between" wrap="nowrap">
          <Text size="sm" c={care.ended_at === null ? undefined : 'dimmed'}>
            {[care.display_name, until(care)].filter(Boolean).join(' · ')}
          </Text>
          {care.ended_at === null && (
            <Button
              variant="subtle"
              color="red"
              size="compact-sm"
              onClick={() => ending.mutate(care)}
              aria-label={t('sharing.restriction.careEndNamed', { name: care.display_name })}
            >
              {t('sharing.restriction.careEnd')}
            </Button>
          )}
        </Group>
      ))}
      <Group align="flex-end" gap="sm" mt="xs">
        <Select
          label={t('sharing.restriction.carer')}
          searchable
          data={(carers ?? []).map((each) => ({ value: String(each.user_id), label: `${each.display_name} (${each.roles.map(roleName).join(', ')})` }))}
          value={carer}
          onChange={setCarer}
          flex={1}
        />
        <NumberInput label={t('sharing.restriction.careDays')} min={1} max={3650} w={90} value={days} onChange={setDays} />
        <Button variant="default" disabled={carer === null || days === ''} loading={beginning.isPending} onClick={() => beginning.mutate()}>
          {t('sharing.restriction.careAdd')}
        </Button>
      </Group>
    </section>
  )
}
