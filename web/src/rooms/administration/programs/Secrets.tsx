/** The secrets of a client: at most two work, so that one can be changed without a gap. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { addSecret, type Client, clientsQuery, endSecret, type NewSecret } from '../../../api/identities'
import { Dialog } from '../../../frame/Dialog'
import { Refusal } from '../../../frame/Refusal'
import { readableMoment } from '../../../kit/dates'

interface SecretsProps {
  readonly client: Client
  readonly onMade: (secret: NewSecret) => void
  readonly onClose: () => void
}

const MOST = 2

export function Secrets({ client, onMade, onClose }: SecretsProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data } = useQuery(clientsQuery)
  const { secrets } = data?.find((each) => each.client_id === client.client_id) ?? client
  const again = () => queryClient.invalidateQueries({ queryKey: clientsQuery.queryKey })
  const adding = useMutation({ mutationFn: () => addSecret(client.client_id), onSuccess: onMade, onSettled: again })
  const ending = useMutation({ mutationFn: (secretId: number) => endSecret(client.client_id, secretId), onSettled: again })
  const date = (moment: string | null) => (moment ? readableMoment(moment) : t('identities.programs.never'))
  return (
    <Dialog title={t('identities.programs.secretsTitle', { name: client.name })} onClose={onClose}>
      <Stack gap="md">
        <Text size="sm">{t('identities.programs.secretsMeans')}</Text>
        {secrets.map((each) => (
          <Group key={each.secret_id} justify="space-between" wrap="nowrap" data-secret>
            <Text size="sm">
              {t('identities.programs.secretMade', { date: date(each.created_at) })} · {t('identities.programs.secretUsed', { date: date(each.last_used_at) })}
            </Text>
            <Button variant="subtle" color="red" size="compact-sm" loading={ending.isPending} onClick={() => ending.mutate(each.secret_id)}>
              {t('identities.programs.endSecret')}
            </Button>
          </Group>
        ))}
        <Refusal error={adding.error ?? ending.error} />
        <Group justify="flex-end">
          <Button variant="default" disabled={secrets.length >= MOST} loading={adding.isPending} onClick={() => adding.mutate()}>
            {t('identities.programs.addSecret')}
          </Button>
          <Button onClick={onClose}>{t('identities.programs.done')}</Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
