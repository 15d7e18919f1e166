/** One's own account: name, language, password, second factors, signed-in devices. */
import { Button, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { api, ApiError, dataOf } from '../../api/client'
import { meQuery, useMe } from '../../api/session'
import type { Me } from '../../api/types'
import { Header } from '../../frame/Header'
import { useRoleName } from '../../frame/role-names'
import { applyLanguage, asLanguage, LANGUAGES } from '../../i18n'
import { SecondFactors } from '../second-factors/SecondFactors'
import classes from './Account.module.css'
import { OwnDevices } from './OwnDevices'
import { PasswordForm } from './PasswordForm'

export function Account() {
  const { t } = useTranslation()
  useDocumentTitle(t('account.title'))
  const me = useMe()
  return (
    <>
      <Header />
      <main id="content" className={classes.page} tabIndex={-1}>
        <h1>{t('account.title')}</h1>
        {me && (
          <>
            <section className={classes.card} aria-labelledby="profile">
              <h2 id="profile">{t('account.profile')}</h2>
              <ProfileForm key={me.language} me={me} />
            </section>
            <section className={classes.card} aria-labelledby="password">
              <h2 id="password">{t('account.password')}</h2>
              <PasswordForm me={me} />
            </section>
            <SecondFactors />
            <OwnDevices />
          </>
        )}
      </main>
    </>
  )
}

function ProfileForm({ me }: { readonly me: Me }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [displayName, setDisplayName] = useState(me.display_name)
  const [language, setLanguage] = useState(asLanguage(me.language))
  const roleName = useRoleName()
  const save = useMutation({
    mutationFn: async () => dataOf(await api.PATCH('/api/me', { body: { display_name: displayName.trim(), language } })),
    onSuccess: (changed) => {
      queryClient.setQueryData(meQuery.queryKey, changed)
      applyLanguage(language)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <dl className={classes.facts}>
          <dt>{t('account.username')}</dt>
          <dd>{me.username}</dd>
          <dt>{t('account.roles')}</dt>
          <dd>{me.roles.map(roleName).join(', ')}</dd>
          <dt>{t('account.institution')}</dt>
          <dd>{me.institution.name}</dd>
        </dl>
        <TextInput
          label={t('account.displayName')}
          autoComplete="name"
          required
          withAsterisk={false}
          value={displayName}
          onChange={(event) => setDisplayName(event.currentTarget.value)}
        />
        <NativeSelect
          label={t('account.language')}
          value={language}
          onChange={(event) => setLanguage(asLanguage(event.currentTarget.value))}
          data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
        />
        <Group>
          <Button type="submit" loading={save.isPending}>
            {t('common.save')}
          </Button>
          <Text size="sm" c={save.error ? 'red' : 'dimmed'} role="status">
            {save.isSuccess && t('account.saved')}
            {save.error && t('account.failed', { reason: save.error instanceof ApiError ? save.error.reason : '–' })}
          </Text>
        </Group>
      </Stack>
    </form>
  )
}
