/** Patients: find one, see her identifiers, put two together that are one. */
import { Button, Checkbox, Group } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Patient } from '../../api/patients'
import { Icon } from '../../brand/Icon'
import { Nothing } from '../../frame/Nothing'
import { Page } from '../../frame/Page'
import { Refusal } from '../../frame/Refusal'
import { SearchField } from '../../frame/SearchField'
import { marked } from '../../kit/marked'
import { MergeDialog } from './MergeDialog'
import { Merges } from './Merges'
import { usePersonWords } from './patient-facts'
import classes from './Patients.module.css'
import { usePatientSearch } from './use-patient-search'

export function Patients() {
  const { t } = useTranslation()
  const { text, setText, found, error } = usePatientSearch({ emptyFindsAll: true })
  const [chosen, setChosen] = useState<readonly Patient[]>([])
  const [merging, setMerging] = useState(false)
  const shown = [...chosen, ...(found ?? []).filter((each) => !chosen.some((one) => one.patient_key === each.patient_key))]
  const [one, other] = chosen
  const toggle = (patient: Patient) =>
    setChosen((now) =>
      now.some((each) => each.patient_key === patient.patient_key)
        ? now.filter((each) => each.patient_key !== patient.patient_key)
        : [...now, patient].slice(-2),
    )
  return (
    <Page title={t('patients.title')} intro={t('patients.intro')}>
      <Group align="flex-end" gap="sm">
        <SearchField
          className={classes.search}
          size="md"
          aria-label={t('patients.search')}
          placeholder={t('patients.searchPlaceholder')}
          value={text}
          onChange={setText}
        />
        <Button size="md" disabled={!one || !other} leftSection={<Icon name="people" size={18} />} onClick={() => setMerging(true)}>
          {t('patients.merge')}
        </Button>
      </Group>
      <Refusal error={error} />
      {found && shown.length === 0 && <Nothing title={t('patients.noMatch')} />}
      {shown.length > 0 && (
        <ul className={classes.list}>
          {shown.map((patient) => (
            <PatientLine
              key={patient.patient_key}
              patient={patient}
              chosen={chosen.some((each) => each.patient_key === patient.patient_key)}
              onToggle={() => toggle(patient)}
            />
          ))}
        </ul>
      )}
      <Merges />
      {merging && one && other && (
        <MergeDialog
          patients={[one, other]}
          onClose={() => setMerging(false)}
          onMerged={() => {
            setMerging(false)
            setChosen([])
          }}
        />
      )}
    </Page>
  )
}

interface PatientLineProps {
  readonly patient: Patient
  readonly chosen: boolean
  readonly onToggle: () => void
}

function PatientLine({ patient, chosen, onToggle }: PatientLineProps) {
  const { t } = useTranslation()
  const words = usePersonWords()(patient)
  const name = words.name ?? t('list.noName')
  return (
    <li className={classes.patient} data-chosen={chosen} data-patient>
      <Checkbox aria-label={t('patients.choose', { name })} checked={chosen} disabled={patient.merged_into !== null} onChange={onToggle} />
      <div className={classes.person}>
        <strong>{name}</strong>
        <span className={classes.quiet}>
          {[words.sex, words.born, t('patients.studies', { count: patient.study_count })].filter(Boolean).join(' · ')}
        </span>
        {patient.merged_into !== null && <span className={classes.merged}>{t('patients.mergedInto')}</span>}
      </div>
      <ul className={classes.identifiers} aria-label={t('patients.identifiers')}>
        {patient.identifiers.map((each) => (
          <li key={`${each.patient_id}|${each.issuer_of_patient_id}`}>
            {marked(each.patient_id)}
            {each.issuer_of_patient_id && <small>{marked(each.issuer_of_patient_id)}</small>}
          </li>
        ))}
      </ul>
    </li>
  )
}
