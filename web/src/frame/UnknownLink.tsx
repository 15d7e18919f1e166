/** What a one-time link shows that was never issued, was used, or has expired. */
import { Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { Card } from './Card'

export function UnknownLink() {
  const { t } = useTranslation()
  return (
    <Card title={t('enrolment.unknownTitle')}>
      <Stack>
        <Text c="dimmed">{t('enrolment.unknown')}</Text>
        <Link to="/sign-in">{t('signIn.title')}</Link>
      </Stack>
    </Card>
  )
}
