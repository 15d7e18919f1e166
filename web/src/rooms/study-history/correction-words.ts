/** Kinds of corrections in words. */
import { useTranslation } from 'react-i18next'

export function useCorrectionWords() {
  const { t } = useTranslation()
  const kinds: Readonly<Record<string, string>> = {
    merge: t('history.merge'),
    move: t('history.move'),
    attributes: t('history.attributes'),
    reception: t('history.reception'),
    'identifier-added': t('history.identifierAdded'),
    'identifier-removed': t('history.identifierRemoved'),
    'version-chosen': t('history.versionChosen'),
  }
  return {
    kind: (kind: string) => kinds[kind] ?? t('history.correction'),
    /** A merge concerns more studies than one, and is undone where patients are. */
    undoneHere: (kind: string) => kind !== 'merge',
  }
}
