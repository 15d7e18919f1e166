/** The name of a protocol on screen: ours are in the language of the reader. */
import i18next from 'i18next'
import { useTranslation } from 'react-i18next'

import type { Hanging } from './match'

export function useHangingName(): (hanging: Pick<Hanging, 'scope' | 'document'>) => string {
  const { t } = useTranslation()
  return ({ scope, document }) => {
    const key = `comparing.hanging.builtIn.${document.name}`
    return scope === 'built-in' && i18next.exists(key) ? t(key as 'comparing.hanging.builtIn.one') : document.name
  }
}
