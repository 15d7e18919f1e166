/** How long before or after the study of the room another one was made, in words. */
import { useTranslation } from 'react-i18next'

import { intervalBetween } from './relevance'

export function useIntervalWords(): (date: string | null | undefined, current: string | null | undefined) => string {
  const { t } = useTranslation()
  return (date, current) => {
    const interval = intervalBetween(date, current)
    if (!interval) return t('comparing.mark.unknownDate')
    if (interval.count === 0) return t('comparing.mark.sameDay')
    const words = t(`comparing.mark.${interval.unit}`, { count: interval.count })
    return t((date ?? '') < (current ?? '') ? 'comparing.mark.earlier' : 'comparing.mark.afterwards', { interval: words })
  }
}
