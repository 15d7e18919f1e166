/** Signing in with the account of one's hospital: the browser goes to its provider and comes back. */
import { Alert, Button, Divider, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { offeredProvidersQuery } from '../../api/identities'
import { Icon } from '../../brand/Icon'

const KNOWN = {
  'no-account-here': 'account',
  'sign-in-refused': 'refused',
  'unknown-identity-provider': 'refused',
  'bad-id-token': 'token',
  'identity-provider-misbehaves': 'token',
  'peer-away': 'away',
  'peer-misbehaves': 'away',
} as const

/** A button for each provider that is offered; nothing where there is none. */
export function Providers() {
  const { t } = useTranslation()
  const { back } = useSearch({ from: '/sign-in' })
  const { data } = useQuery(offeredProvidersQuery)
  if (!data?.length) return null
  const query = back ? `?${new URLSearchParams({ back }).toString()}` : ''
  return (
    <Stack gap="sm">
      <Divider label={t('comingIn.steps.or')} />
      {data.map((each) => (
        <Button
          key={each.provider_id}
          component="a"
          href={`/api/sign-in/providers/${each.provider_id}${query}`}
          variant="default"
          size="md"
          leftSection={<Icon name="building" size={18} />}
        >
          {t('identities.signIn.with', { name: each.name })}
        </Button>
      ))}
    </Stack>
  )
}

/** Why the last try through a provider ended here. */
export function ProviderProblem() {
  const { t } = useTranslation()
  const { problem } = useSearch({ from: '/sign-in' })
  if (!problem) return null
  const known = KNOWN[problem as keyof typeof KNOWN]
  return (
    <Alert color="red" variant="light" role="alert" p="sm">
      {known ? t(`identities.signIn.problem.${known}`) : t('identities.signIn.problem.other', { reason: problem })}
    </Alert>
  )
}
