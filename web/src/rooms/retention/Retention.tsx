/** How long studies are kept, which the law keeps no longer, and what two people decide about them. */
import { Stack } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { useMay } from '../../frame/rights'
import { AdministrationPage } from '../administration/AdministrationPage'
import { Destructions } from './Destructions'
import { DueStudies } from './DueStudies'
import { Policy } from './Policy'

export function Retention() {
  const { t } = useTranslation()
  const may = useMay()
  return (
    <AdministrationPage title={t('retention.title')} intro={t('retention.intro')}>
      <Stack gap="xl">
        <Policy />
        {may('approve-destruction') && <Destructions />}
        {may('approve-destruction') && <DueStudies />}
      </Stack>
    </AdministrationPage>
  )
}
