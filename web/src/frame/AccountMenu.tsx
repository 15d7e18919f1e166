/** Language, password, about, sign out. */
import { ActionIcon, Menu } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { api } from '../api/client'
import { meQuery, useMe } from '../api/session'
import { Icon } from '../brand/Icon'
import { applyLanguage, type Language, LANGUAGES } from '../i18n'

export function AccountMenu() {
  const { t, i18n } = useTranslation()
  const navigate = useNavigate()
  const me = useMe()
  const choose = useChooseLanguage()
  const signOut = useSignOut()
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" radius="xl" aria-label={t('menu.account')}>
          <Icon name="account" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {me && <Menu.Label>{`${t('menu.signedInAs')} ${me.display_name || me.username}`}</Menu.Label>}
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <Menu.Item
            key={code}
            lang={code}
            leftSection={<Icon name="globe" size={18} />}
            rightSection={i18n.language === code ? <Icon name="sealed" size={16} /> : null}
            aria-current={i18n.language === code}
            onClick={() => choose(code as Language)}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="key" size={18} />} onClick={() => void navigate({ to: '/account' })}>
          {t('menu.accountSettings')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="device" size={18} />} onClick={() => void navigate({ to: '/display-check' })}>
          {t('display.title')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="info" size={18} />} onClick={() => void navigate({ to: '/about' })}>
          {t('menu.about')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="leave" size={18} />} onClick={() => void signOut()}>
          {t('menu.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

/** Changes the language now and in the account. */
export function useChooseLanguage(): (language: Language) => void {
  const queryClient = useQueryClient()
  return (language) => {
    applyLanguage(language)
    void api.PATCH('/api/me', { body: { language } }).then(({ data }) => {
      if (data) queryClient.setQueryData(meQuery.queryKey, data)
    })
  }
}

function useSignOut(): () => Promise<void> {
  const queryClient = useQueryClient()
  const navigate = useNavigate()
  return async () => {
    await api.POST('/api/sign-out').catch(() => undefined)
    queryClient.clear() // before the next page asks: what it asks is not to be cleared away
    await navigate({ to: '/sign-in' })
  }
}
