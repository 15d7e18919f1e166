/** Software that comes in by itself: OAuth2 clients, and tokens that people issued. */
import { Tabs } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { AdministrationPage } from '../AdministrationPage'
import { Clients } from './Clients'
import { Tokens } from './Tokens'

export function Programs() {
  const { t } = useTranslation()
  return (
    <AdministrationPage title={t('identities.programs.title')} intro={t('identities.programs.intro')}>
      <Tabs defaultValue="clients" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="clients">{t('identities.programs.clients')}</Tabs.Tab>
          <Tabs.Tab value="tokens">{t('identities.programs.tokens')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="clients">
          <Clients />
        </Tabs.Panel>
        <Tabs.Panel value="tokens">
          <Tokens />
        </Tabs.Panel>
      </Tabs>
    </AdministrationPage>
  )
}
