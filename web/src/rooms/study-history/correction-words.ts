/** Kinds of corrections in words. */
import { useTranslation } from 'react-i18next'

export function useCorrectionWords() {
  const { t } = useTranslation()
  const kinds: Readonly<Record<string, string>> = {
    merge: t('history.merge'),
    move: t('history.move'),
    attributes: t('history.attributes'),
    'version-swapped': t('history.versionSwapped'),
    reception: t('history.reception'),
  }
  return {
    kind: (kind: string) => kinds[kind] ?? t('history.correction'),
    /** A merge concerns more studies than one, and is undone where patients are. */
    undoneHere: (kind: string) => kind !== 'merge',
  }
}
