/** Patients who are protected more than others; choosing one shows her restrictions and who cares for her. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { Patient } from '../../api/patients'
import { type Restriction, restrictionsQuery } from '../../api/restriction'
import { Icon } from '../../brand/Icon'
import { Mark, NameCell } from '../../frame/Facts'
import { Dialog } from '../../frame/Dialog'
import { type Column, RecordList } from '../../frame/RecordList'
import { readableDate, readableMoment } from '../../kit/dates'
import { readableName } from '../../kit/person-name'
import { AdministrationPage } from '../administration/AdministrationPage'
import { PatientPicker } from '../patients/PatientPicker'
import { RestrictionsDialog } from './RestrictionsDialog'

interface Chosen {
  readonly patientKey: number
  readonly name: string
}

export function Restrictions() {
  const { t, i18n } = useTranslation()
  const { data, error } = useQuery(restrictionsQuery)
  const [choosing, setChoosing] = useState(false)
  const [chosen, setChosen] = useState<Chosen>()
  const nameOf = (name: string | null, id: string) => readableName(name, i18n.language)?.main ?? id
  const columns = useRestrictionColumns(nameOf)
  const choose = (patient: Patient) => {
    setChoosing(false)
    setChosen({ patientKey: patient.patient_key, name: nameOf(patient.patient_name, patient.patient_id) })
  }
  return (
    <AdministrationPage
      title={t('sharing.restriction.title')}
      intro={t('sharing.restriction.intro')}
      actions={
        <Button leftSection={<Icon name="search" size={18} />} onClick={() => setChoosing(true)}>
          {t('sharing.restriction.choose')}
        </Button>
      }
    >
      <RecordList
        name={t('sharing.restriction.title')}
        records={data}
        error={error}
        keyOf={(each) => each.restriction_id}
        nameOf={(each) => nameOf(each.patient_name, each.patient_id)}
        textOf={(each) => `${each.patient_name ?? ''} ${each.patient_id} ${readableDate(each.set_at) ?? ''}`}
        columns={columns}
        empty={{ title: t('sharing.restriction.none'), detail: t('sharing.restriction.noneDetail') }}
        onOpen={(each) => setChosen({ patientKey: each.patient_key, name: nameOf(each.patient_name, each.patient_id) })}
      />
      {choosing && (
        <Dialog title={t('sharing.restriction.choose')} onClose={() => setChoosing(false)}>
          <PatientPicker label={t('sharing.restriction.patient')} chosen={undefined} onChoose={choose} />
        </Dialog>
      )}
      {chosen && <RestrictionsDialog {...chosen} onClose={() => setChosen(undefined)} />}
    </AdministrationPage>
  )
}

function useRestrictionColumns(nameOf: (name: string | null, id: string) => string): readonly Column<Restriction>[] {
  const { t } = useTranslation()
  return [
    {
      key: 'patient',
      title: t('sharing.restriction.patient'),
      cell: (each) => <NameCell name={nameOf(each.patient_name, each.patient_id)} detail={each.patient_id} />,
      order: (each) => nameOf(each.patient_name, each.patient_id),
    },
    {
      key: 'kind',
      title: t('sharing.restriction.kind'),
      cell: (each) => <Mark tone="warning">{t(`sharing.restriction.kinds.${each.kind as 'vip'}`)}</Mark>,
      order: (each) => each.kind,
    },
    { key: 'reason', title: t('sharing.restriction.reason'), cell: (each) => each.reason },
    { key: 'set', title: t('sharing.restriction.set'), cell: (each) => readableMoment(each.set_at), order: (each) => each.set_at },
  ]
}
