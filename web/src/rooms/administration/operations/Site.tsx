/** The other site: how far it is behind; and the room on the host that answers. */
import { useTranslation } from 'react-i18next'

import type { OperationsSite } from '../../../api/operations'
import { Mark } from '../../../frame/Facts'
import { readableMoment } from '../../../kit/dates'
import { readableBytes, readableCount, readableSpan } from '../../../kit/quantities'
import { type Fact, Facts, Part } from './Part'

/** The server's limit for `site-behind`. */
const BEHIND_S = 60

export function Site({ site }: { readonly site: OperationsSite }) {
  const { t, i18n } = useTranslation()
  const amount = (objects: number, bytes: number) =>
    t('operations.waitingValue', { count: objects, objects: readableCount(objects, i18n.language), size: readableBytes(bytes, i18n.language) })
  const lag = site.waiting_objects === 0 ? t('operations.level') : readableSpan(site.lag_s, i18n.language)
  const facts: Fact[] = [
    { word: t('operations.lag'), value: <Mark tone={site.lag_s > BEHIND_S ? 'warning' : 'good'}>{lag}</Mark> },
    { word: t('operations.waiting'), value: amount(site.waiting_objects, site.waiting_bytes) },
    { word: t('operations.copied'), value: amount(site.copied_objects, site.copied_bytes) },
  ]
  if (site.leader && site.led_since) {
    facts.push({ word: t('operations.leader'), value: t('operations.leaderValue', { site: site.leader, since: readableMoment(site.led_since) }) })
  }
  if (site.missing > 0) {
    facts.push({ word: t('operations.missing'), value: <Mark tone="bad">{readableCount(site.missing, i18n.language)}</Mark> })
  }
  return (
    <Part title={t('operations.site')}>
      <Facts facts={facts} />
    </Part>
  )
}

export function Room({ free, total, database }: { readonly free: number; readonly total: number; readonly database: number }) {
  const { t, i18n } = useTranslation()
  const bytes = (value: number) => readableBytes(value, i18n.language)
  return (
    <Part title={t('operations.room')}>
      <Facts
        facts={[
          { word: t('operations.disk'), value: t('operations.diskValue', { free: bytes(free), total: bytes(total) }) },
          { word: t('operations.database'), value: bytes(database) },
        ]}
      />
    </Part>
  )
}
