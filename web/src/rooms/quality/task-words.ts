/** Kinds of quality tasks and the choices they offer, in plain words. */
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'

/** Kinds that the list can be narrowed to; the server may raise others, which are shown all the same. */
export const KINDS = ['patient-data-differ', 'patient-id-missing', 'other-content', 'other-study-or-series', 'code-stream', 'bytes-lost'] as const

export function useTaskWords() {
  const { t } = useTranslation()
  const known = (key: string, otherwise: string) => (i18next.exists(key) ? t(key as 'quality.title') : otherwise)
  return {
    kind: (kind: string) => known(`quality.kinds.${kind}`, kind),
    explanation: (kind: string) => known(`quality.explanations.${kind}`, ''),
    choice: (choice: string) => known(`quality.choices.${choice}`, choice),
    consequence: (choice: string) => known(`quality.consequences.${choice}`, ''),
  }
}
