/** What one's institution shares with its allies, and what they share with it. */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { endRule, type SharingRule, sharingRulesQuery } from '../../api/sharing'
import { Icon } from '../../brand/Icon'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { Mark, NameCell, Quiet, Tags } from '../../frame/Facts'
import { ListFiles } from '../../frame/ListFiles'
import { type Column, RecordList } from '../../frame/RecordList'
import { useRoleName } from '../../frame/role-names'
import { readableDate, readableMoment } from '../../kit/dates'
import { AdministrationPage } from '../administration/AdministrationPage'
import { SharingRuleForm } from './SharingRuleForm'

export function SharingRules() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery(sharingRulesQuery)
  const [adding, setAdding] = useState(false)
  const [ended, setEnded] = useState<SharingRule>()
  const columns = useRuleColumns()
  const end = (rule: SharingRule) =>
    rule.ended_at === null && (
      <Button
        variant="subtle"
        color="red"
        size="compact-sm"
        onClick={() => setEnded(rule)}
        aria-label={t('sharing.rules.endNamed', { name: rule.ally_name })}
      >
        {t('sharing.rules.end')}
      </Button>
    )
  return (
    <AdministrationPage
      title={t('sharing.rules.title')}
      intro={t('sharing.rules.intro')}
      actions={
        <Button leftSection={<Icon name="add" size={18} />} onClick={() => setAdding(true)}>
          {t('sharing.rules.add')}
        </Button>
      }
    >
      <RecordList
        name={t('sharing.rules.title')}
        records={data?.given}
        error={error}
        keyOf={(rule) => rule.rule_id}
        nameOf={(rule) => rule.ally_name}
        textOf={(rule) => `${rule.ally_name} ${rule.modalities.join(' ')}`}
        columns={columns((rule) => rule.ally_name)}
        empty={{ title: t('sharing.rules.none'), detail: t('sharing.rules.noneDetail') }}
        acts={end}
        tools={<ListFiles list="sharing-rules" />}
      />
      <h2>{t('sharing.rules.received')}</h2>
      <RecordList
        name={t('sharing.rules.received')}
        records={data?.received}
        keyOf={(rule) => rule.rule_id}
        nameOf={(rule) => rule.giver_name}
        textOf={(rule) => `${rule.giver_name} ${rule.modalities.join(' ')}`}
        columns={columns((rule) => rule.giver_name)}
        empty={{ title: t('sharing.rules.receivedNone') }}
      />
      {adding && <SharingRuleForm onClose={() => setAdding(false)} />}
      {ended && (
        <ConfirmDialog
          title={t('sharing.rules.endNamed', { name: ended.ally_name })}
          means={t('sharing.rules.endMeans', { name: ended.ally_name })}
          confirm={t('sharing.rules.end')}
          act={async () => {
            await endRule(ended.rule_id)
            await queryClient.invalidateQueries({ queryKey: ['sharing-rules'] })
          }}
          onClose={() => setEnded(undefined)}
        />
      )}
    </AdministrationPage>
  )
}

function useRuleColumns() {
  const { t } = useTranslation()
  const roleName = useRoleName()
  const what = (rule: SharingRule) => {
    const since = readableDate(rule.first_study_date)
    const parts = [
      rule.modalities.join(', '),
      since && t('sharing.rules.sinceNamed', { date: since }),
      rule.last_days !== null && t('sharing.rules.lastDaysNamed', { count: rule.last_days }),
    ].filter(Boolean)
    return parts.length > 0 ? parts.join(' · ') : t('sharing.rules.everything')
  }
  const until = (rule: SharingRule) => {
    if (rule.ended_at !== null) return <Quiet>{`${t('sharing.rules.ended')} ${readableMoment(rule.ended_at)}`}</Quiet>
    return rule.until === null ? <Mark tone="good">{t('sharing.rules.noEnd')}</Mark> : readableMoment(rule.until)
  }
  return (named: (rule: SharingRule) => string): readonly Column<SharingRule>[] => [
    {
      key: 'with',
      title: t('sharing.rules.with'),
      cell: (rule) => <NameCell name={named(rule)} detail={t(`sharing.rules.purposes.${rule.purpose as 'treatment'}`)} />,
      order: named,
    },
    { key: 'who', title: t('sharing.rules.who'), cell: (rule) => <Tags words={rule.roles.map(roleName)} /> },
    { key: 'what', title: t('sharing.rules.what'), cell: what },
    { key: 'until', title: t('sharing.rules.until'), cell: until, order: (rule) => rule.ended_at ?? rule.until ?? '9999' },
  ]
}
