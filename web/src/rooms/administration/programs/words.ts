/** What a program may do, in words. */
import { useTranslation } from 'react-i18next'

import { en } from '../../../i18n/en'

type Scope = keyof typeof en.identities.scopes

/** Scopes as people read them; null is all that the roles include. */
export function useScopeWords(): (scopes: readonly string[] | null) => string {
  const { t } = useTranslation()
  const wordOf = (scope: string) => (scope in en.identities.scopes ? t(`identities.scopes.${scope as Scope}`) : scope)
  return (scopes) => (scopes ? scopes.map(wordOf).join(', ') : t('identities.programs.everything'))
}
