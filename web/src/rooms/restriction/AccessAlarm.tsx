/** Tells whoever reviews accesses, wherever she is, that glass was broken. */
import { Alert } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { accessReviewsQuery } from '../../api/restriction'
import { Icon } from '../../brand/Icon'
import { useMay } from '../../frame/rights'

export function AccessAlarm() {
  const { t } = useTranslation()
  const may = useMay()
  const { data } = useQuery({ ...accessReviewsQuery(true), enabled: may('review-access') })
  if (!data || data.length === 0) return null
  return (
    <Alert color="orange" variant="light" role="alert" radius={0} p="xs" icon={<Icon name="lock" size={18} />} data-testid="access-alarm">
      {t('sharing.reviews.alarm', { count: data.length })} <Link to="/administration/access-reviews">{t('sharing.reviews.look')}</Link>
    </Alert>
  )
}
