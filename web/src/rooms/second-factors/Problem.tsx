/** Why a step of signing in was not done; a passkey that was not shown in the end is no fault. */
import { Alert } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Refusal } from '../../frame/Refusal'

export function Problem({ error }: { readonly error: unknown }) {
  const { t } = useTranslation()
  if (!(error instanceof DOMException)) return <Refusal error={error} />
  return (
    <Alert color="gray" variant="light" role="alert" p="sm">
      {t('comingIn.passkeys.gaveUp')}
    </Alert>
  )
}
