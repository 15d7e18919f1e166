/** The other studies of the patient in a panel: what is most like this study first; each opened beside it, and its series placed. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { priorsQuery } from '../../../api/priors'
import { Nothing } from '../../../frame/Nothing'
import { Refusal } from '../../../frame/Refusal'
import { readableDate } from '../../../kit/dates'
import { marked } from '../../../kit/marked'
import { useRoom } from '../context'
import { openBeside } from './beside'
import { useIntervalWords } from './interval-words'
import { differences } from './person'
import { PlacedSeries } from './PlacedSeries'
import classes from './PriorsPanel.module.css'
import type { Prior, RatedPrior, Relevance } from './relevance'
import { useRatedPriors } from './use-priors'

const GROUPS: readonly Relevance[] = ['same', 'modality', 'body-part', 'other']

export function PriorsPanel() {
  const { t } = useTranslation()
  const { studyInstanceUid, study } = useRoom()
  const { data, error } = useQuery(priorsQuery(studyInstanceUid))
  const found = useRatedPriors(studyInstanceUid, study)
  if (error) return <Refusal error={error} />
  if (!found) return <p role="status">{t('common.loading')}</p>
  if (found.length === 0) return <Nothing title={t('comparing.priors.none')} detail={t('comparing.priors.noneDetail')} />
  return (
    <div className={classes.groups}>
      {GROUPS.map((group) => (
        <PriorGroup key={group} group={group} priors={found.filter(({ relevance }) => relevance === group)} />
      ))}
      {data?.more && <p>{t('comparing.priors.more')}</p>}
    </div>
  )
}

function PriorGroup({ group, priors }: { readonly group: Relevance; readonly priors: readonly RatedPrior[] }) {
  const { t } = useTranslation()
  if (priors.length === 0) return null
  return (
    <section>
      <h3>{t(`comparing.priors.groups.${group}`)}</h3>
      <ul className={classes.list}>
        {priors.map(({ prior }) => (
          <li key={prior.study_instance_uid}>
            <PriorCard prior={prior} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function PriorCard({ prior }: { readonly prior: Prior }) {
  const { t } = useTranslation()
  const room = useRoom()
  const interval = useIntervalWords()
  const uid = prior.study_instance_uid
  const open = room.state.studies.includes(uid)
  const date = readableDate(prior.study_date) ?? t('comparing.priors.noDate')
  const description = marked(prior.study_description ?? '') || t('comparing.priors.noDescription')
  const differing = room.study ? differences(room.study, prior) : []
  const label = { study: `${date} ${description}` }
  return (
    <article className={classes.card} data-open={open} data-prior={uid}>
      <div className={classes.head}>
        <strong>{date}</strong>
        <span>{interval(prior.study_date, room.study?.study_date)}</span>
      </div>
      <span>{description}</span>
      <span className={classes.quiet}>
        {[prior.modalities.join(', '), t('comparing.priors.images', { count: prior.instance_count })].filter(Boolean).join(' · ')}
      </span>
      {differing.length > 0 && (
        <span className={classes.differs}>
          {t('comparing.mark.differs', { what: differing.map((one) => t(`comparing.mark.differences.${one}`)).join(', ') })}
        </span>
      )}
      {open ? (
        <Button size="xs" variant="default" aria-label={t('comparing.priors.closeNamed', label)} onClick={() => room.dispatch({ type: 'close-study', studyInstanceUid: uid })}>
          {t('comparing.priors.close')}
        </Button>
      ) : (
        <Button size="xs" variant="light" aria-label={t('comparing.priors.openNamed', label)} onClick={() => openBeside(room, uid)}>
          {t('comparing.priors.open')}
        </Button>
      )}
      {open && <PlacedSeries studyInstanceUid={uid} />}
    </article>
  )
}
