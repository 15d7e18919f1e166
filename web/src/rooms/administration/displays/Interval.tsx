/** After how many days a reader is reminded to test her display. */
import { Button, Group, NumberInput, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { setCheckRule } from '../../../api/display-checks'
import { Refusal } from '../../../frame/Refusal'

const FROM = 1
const TO = 3650

export function Interval({ days }: { readonly days: number }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [typed, setTyped] = useState<number | string>()
  const value = typed ?? days
  const saving = useMutation({
    mutationFn: () => setCheckRule(Number(value)),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['display-checks'] })
      setTyped(undefined)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    saving.mutate()
  }
  const ready = value !== '' && Number(value) >= FROM && Number(value) <= TO && Number(value) !== days
  return (
    <form onSubmit={submit} aria-label={t('displays.interval')}>
      <Group align="end">
        <NumberInput
          label={t('displays.interval')}
          description={t('displays.between', { from: FROM, to: TO })}
          allowDecimal={false}
          allowNegative={false}
          maw={360}
          value={value}
          onChange={(now) => {
            saving.reset()
            setTyped(now)
          }}
        />
        <Button type="submit" disabled={!ready} loading={saving.isPending}>
          {t('common.save')}
        </Button>
        <Text size="sm" c="dimmed" role="status">
          {saving.isSuccess && t('displays.saved', { days })}
        </Text>
      </Group>
      <Refusal error={saving.error} />
    </form>
  )
}
