/** What actions and kinds of callers are called; one of a newer server is shown as its own word. */
import { useTranslation } from 'react-i18next'

import { auditWords } from '../../i18n/audit.en'

type Done = keyof typeof auditWords.done
type Kind = keyof typeof auditWords.kinds

export function useWordsOfAction(): (action: string) => string {
  const { t } = useTranslation()
  return (action) => (action in auditWords.done ? t(`audit.done.${action as Done}`) : action.replaceAll('-', ' '))
}

export function useWordsOfKind(): (kind: string) => string {
  const { t } = useTranslation()
  return (kind) => (kind in auditWords.kinds ? t(`audit.kinds.${kind as Kind}`) : kind)
}
