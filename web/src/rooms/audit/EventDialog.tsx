/** Everything that one event of the trail says. */
import { useTranslation } from 'react-i18next'

import type { AuditEvent } from '../../api/audit'
import { Dialog } from '../../frame/Dialog'
import { useRoleName } from '../../frame/role-names'
import { marked } from '../../kit/marked'
import { detailsOf, exactMoment } from './audit-search'
import classes from './AuditTrail.module.css'
import { useWordsOfAction, useWordsOfKind } from './words'

export function EventDialog({ event, onClose }: { readonly event: AuditEvent; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const wordsOf = useWordsOfAction()
  const nameOfRole = useRoleName()
  const wordsOfKind = useWordsOfKind()
  const facts: readonly (readonly [string, string | null])[] = [
    [t('audit.when'), exactMoment(event.at)],
    [t('audit.who'), `${event.who} (${wordsOfKind(event.caller_kind)})`],
    [t('audit.roles'), event.roles.map(nameOfRole).join(', ')],
    [t('audit.where'), event.address],
    [t('audit.patient'), event.patient_id],
    [t('audit.study'), event.study_instance_uid],
    [t('audit.outcome'), t(event.outcome === 0 ? 'audit.succeeded' : 'audit.refused')],
    ...detailsOf(event),
    [t('audit.standard'), event.event],
    [t('audit.place'), t('audit.placeValue', { chain: event.chain, position: event.position })],
    [t('audit.digest'), event.digest],
  ]
  return (
    <Dialog title={wordsOf(event.action)} size="lg" onClose={onClose}>
      <dl className={classes.facts}>
        {facts.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{marked(value)}</dd>
              </div>
            ),
        )}
      </dl>
    </Dialog>
  )
}
