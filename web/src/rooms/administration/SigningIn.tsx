/** The sign-in policy of the institution, for the security officer. */
import { Alert, Button, Group, NumberInput, Radio, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { policyQuery, putPolicy, type SignInPolicy } from '../../api/sign-in'
import { Refusal } from '../../frame/Refusal'
import { AdministrationPage } from './AdministrationPage'

const BOUNDS = { idle_minutes: [1, 1440], session_hours: [1, 168], min_password_length: [12, 64] } as const
type Amount = keyof typeof BOUNDS

export function SigningIn() {
  const { t } = useTranslation()
  const { data, error } = useQuery(policyQuery)
  return (
    <AdministrationPage title={t('comingIn.policy.title')} intro={t('comingIn.policy.intro')}>
      <Refusal error={error} />
      {data && <PolicyForm policy={data} />}
    </AdministrationPage>
  )
}

function PolicyForm({ policy }: { readonly policy: SignInPolicy }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [fields, setFields] = useState(policy)
  const saving = useMutation({
    mutationFn: () => putPolicy(fields),
    onSuccess: (saved) => queryClient.setQueryData(policyQuery.queryKey, saved),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  const change = (part: Partial<SignInPolicy>) => {
    saving.reset()
    setFields({ ...fields, ...part })
  }
  const ready = Object.entries(BOUNDS).every(([name, [from, to]]) => fields[name as Amount] >= from && fields[name as Amount] <= to)
  const amount = (name: Amount, label: string) => (
    <NumberInput
      label={label}
      description={t('comingIn.policy.between', { from: BOUNDS[name][0], to: BOUNDS[name][1] })}
      allowDecimal={false}
      allowNegative={false}
      maw={280}
      value={fields[name]}
      onChange={(value) => change({ [name]: Number(value) })}
    />
  )
  return (
    <form onSubmit={submit}>
      <Stack gap="lg">
        <Radio.Group
          label={t('comingIn.policy.secondFactor')}
          value={fields.second_factor}
          onChange={(value) => change({ second_factor: value === 'offered' ? 'offered' : 'required' })}
        >
          <Stack gap="xs" mt="xs">
            <Radio value="required" label={t('comingIn.policy.required')} />
            <Radio value="offered" label={t('comingIn.policy.offered')} />
          </Stack>
        </Radio.Group>
        {fields.second_factor === 'offered' && (
          <Alert color="yellow" variant="light" p="sm">
            {t('comingIn.policy.offeredWarning')}
          </Alert>
        )}
        {amount('idle_minutes', t('comingIn.policy.idle'))}
        {amount('session_hours', t('comingIn.policy.hours'))}
        {amount('min_password_length', t('comingIn.policy.length'))}
        <Refusal error={saving.error} />
        <Group>
          <Button type="submit" disabled={!ready} loading={saving.isPending}>
            {t('common.save')}
          </Button>
          <Text size="sm" c="dimmed" role="status">
            {saving.isSuccess && t('comingIn.policy.saved')}
          </Text>
        </Group>
      </Stack>
    </form>
  )
}
