/** The one-time link: it creates the first administrator, or an account that an administrator offered. */
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { api, dataOf } from '../../api/client'
import { Card } from '../../frame/Card'
import { UnknownLink } from '../../frame/UnknownLink'
import { EnrolmentForm } from './EnrolmentForm'

export function Enrolment() {
  const { t } = useTranslation()
  const { token } = useParams({ from: '/enrol/$token' })
  const { data, error } = useQuery({
    queryKey: ['enrolment', token],
    queryFn: async () => dataOf(await api.GET('/api/enrolments/{token}', { params: { path: { token } } })),
    staleTime: Infinity,
    retry: false,
  })
  if (error) return <UnknownLink />
  if (!data) {
    return (
      <Card title={t('common.loading')}>
        <Skeleton height={260} />
      </Card>
    )
  }
  const title = data.roles.includes('administrator') ? t('enrolment.title') : t('enrolment.titleUser')
  return (
    <Card title={title} intro={t('enrolment.intro', { institution: data.institution_name })}>
      <EnrolmentForm token={token} username={data.username ?? null} displayName={data.display_name} />
    </Card>
  )
}
