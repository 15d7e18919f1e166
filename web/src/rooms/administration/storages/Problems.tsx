/** What is wrong with storages and copies: alarms that last, and what was found when copies were read again. */
import { useId } from 'react'
import { useTranslation } from 'react-i18next'

import type { Storage, StorageAlarm, StorageFinding } from '../../../api/storages'
import { Icon } from '../../../brand/Icon'
import { Nothing } from '../../../frame/Nothing'
import { readableMoment } from '../../../kit/dates'
import lines from '../Administration.module.css'
import classes from './Storages.module.css'

export function Attention({ alarms }: { readonly alarms: readonly StorageAlarm[] }) {
  const { t } = useTranslation()
  const id = useId()
  const lasting = alarms.filter((alarm) => alarm.ended_at === null)
  if (lasting.length === 0) return null
  return (
    <section className={classes.part} aria-labelledby={id}>
      <h2 id={id}>{t('storages.attention')}</h2>
      <ul className={lines.list}>
        {lasting.map((alarm) => (
          <li key={`${alarm.kind} ${alarm.subject}`} className={lines.line}>
            <Icon name="warning" size={18} />
            <div className={lines.what}>
              <strong>{t(`storages.alarms.${alarm.kind as 'storage-away'}`)}</strong>
              <span className={lines.mono}>{alarm.subject}</span>
              <span className={lines.quiet}>{t('storages.since', { at: readableMoment(alarm.since) })}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}

interface FindingsProps {
  readonly findings: readonly StorageFinding[]
  readonly storages: readonly Storage[]
}

export function Findings({ findings, storages }: FindingsProps) {
  const { t } = useTranslation()
  const id = useId()
  const nameOf = (storageId: number) => storages.find((storage) => storage.storage_id === storageId)?.name ?? String(storageId)
  return (
    <section className={classes.part} aria-labelledby={id}>
      <h2 id={id}>{t('storages.findings')}</h2>
      {findings.length === 0 ? (
        <Nothing title={t('storages.noFindings')} detail={t('storages.noFindingsDetail')} />
      ) : (
        <ul className={lines.list}>
          {findings.map((finding) => (
            <li key={finding.finding_id} className={lines.line}>
              <div className={lines.what}>
                <span>
                  <strong>{t(`storages.problems.${finding.problem as 'missing'}`)}</strong> · {nameOf(finding.storage_id)} ·{' '}
                  {t(`storages.outcomes.${finding.outcome as 'repaired'}`)}
                </span>
                <span className={lines.mono}>{finding.object_key}</span>
                <span className={lines.quiet}>{readableMoment(finding.found_at)}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
