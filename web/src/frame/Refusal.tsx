/** Why something was not done, in words where we know the server's reason. */
import { Alert } from '@mantine/core'
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'

import { ApiError } from '../api/client'

/** A stable reason word of the server in a sentence, where there is one for it. */
export function useWordsOfReason(): (reason: string) => string | undefined {
  const { t } = useTranslation()
  return (reason) => (i18next.exists(`reasons.${reason}`) ? t(`reasons.${reason}` as 'reasons.refused') : undefined)
}

export function Refusal({ error }: { readonly error: unknown }) {
  const { t } = useTranslation()
  const wordsOf = useWordsOfReason()
  if (!error) return null
  const words = error instanceof ApiError ? (wordsOf(error.reason) ?? t('common.somethingWrongDetail', { reason: error.reason })) : t('connection.lost')
  return (
    <Alert color="red" variant="light" role="alert" p="sm">
      {words}
    </Alert>
  )
}
