/** Placement policies in the order in which they decide. */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { policiesQuery, type Policy, removePolicy, type Storage } from '../../../api/storages'
import { Icon } from '../../../brand/Icon'
import { ConfirmDialog } from '../../../frame/ConfirmDialog'
import { Nothing } from '../../../frame/Nothing'
import { Refusal } from '../../../frame/Refusal'
import { useMay } from '../../../frame/rights'
import { readableBytes } from '../../../kit/quantities'
import lines from '../Administration.module.css'
import { PolicyForm } from './PolicyForm'
import classes from './Storages.module.css'

export function Policies({ storages }: { readonly storages: readonly Storage[] }) {
  const { t } = useTranslation()
  const id = useId()
  const may = useMay()('manage-storage')
  const { data, error } = useQuery(policiesQuery)
  const [edited, setEdited] = useState<Policy | 'new'>()
  const [removed, setRemoved] = useState<Policy>()
  return (
    <section className={classes.part} aria-labelledby={id}>
      <div className={classes.head}>
        <h2 id={id}>{t('storages.policies')}</h2>
        {may && (
          <Button variant="default" leftSection={<Icon name="add" size={18} />} onClick={() => setEdited('new')}>
            {t('storages.addPolicy')}
          </Button>
        )}
      </div>
      <p className={classes.intro}>{t('storages.policiesIntro')}</p>
      <Refusal error={error} />
      {data?.length === 0 && <Nothing title={t('storages.noPolicies')} detail={t('storages.noPoliciesDetail')} />}
      {data && data.length > 0 && (
        <ol className={lines.list}>
          {data.map((policy) => (
            <Line
              key={policy.policy_id}
              policy={policy}
              storages={storages}
              onEdit={may ? () => setEdited(policy) : undefined}
              onRemove={() => setRemoved(policy)}
            />
          ))}
        </ol>
      )}
      {edited && <PolicyForm policy={edited === 'new' ? undefined : edited} storages={storages} onClose={() => setEdited(undefined)} />}
      {removed && <Removal policy={removed} onClose={() => setRemoved(undefined)} />}
    </section>
  )
}

interface LineProps {
  readonly policy: Policy
  readonly storages: readonly Storage[]
  readonly onEdit: (() => void) | undefined
  readonly onRemove: () => void
}

function Line({ policy, storages, onEdit, onRemove }: LineProps) {
  const { t } = useTranslation()
  const asked = useAsked(policy)
  const { name } = policy
  const places = policy.storage_ids.map((each) => storages.find((storage) => storage.storage_id === each)?.name ?? String(each))
  return (
    <li className={lines.line} data-policy>
      <div className={lines.what}>
        <strong>{name}</strong>
        <span className={lines.quiet}>
          {t('storages.fits')}: {asked.length > 0 ? asked.join(', ') : t('storages.fitsAll')}
        </span>
        <span className={lines.quiet}>
          {t('storages.places')}: {places.join(', ')}
        </span>
        {!policy.active && <span className={lines.quiet}>{t('storages.inactive')}</span>}
      </div>
      {onEdit && (
        <div className={lines.acts}>
          <Button variant="subtle" size="compact-sm" onClick={onEdit} aria-label={t('storages.editPolicyNamed', { name })}>
            {t('common.edit')}
          </Button>
          <Button variant="subtle" color="red" size="compact-sm" onClick={onRemove} aria-label={t('storages.removePolicyNamed', { name })}>
            {t('common.remove')}
          </Button>
        </div>
      )}
    </li>
  )
}

/** What a policy asks of a pack, in words. */
function useAsked(policy: Policy): readonly string[] {
  const { t, i18n } = useTranslation()
  const { of_institution_id, modality, min_bytes, older_than_days, unused_for_days } = policy
  return [
    of_institution_id !== null && t('storages.ofInstitution', { number: of_institution_id }),
    modality,
    min_bytes !== null && t('storages.largerThan', { size: readableBytes(min_bytes, i18n.language) }),
    older_than_days !== null && t('storages.older', { count: older_than_days }),
    unused_for_days !== null && t('storages.unused', { count: unused_for_days }),
  ].filter((each): each is string => typeof each === 'string')
}

function Removal({ policy, onClose }: { readonly policy: Policy; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  return (
    <ConfirmDialog
      title={t('storages.removePolicyTitle', { name: policy.name })}
      means={t('storages.removePolicyMeans')}
      confirm={t('common.remove')}
      act={async () => {
        await removePolicy(policy.policy_id)
        await queryClient.invalidateQueries({ queryKey: policiesQuery.queryKey })
      }}
      onClose={onClose}
    />
  )
}
