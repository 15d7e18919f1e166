/** The list of measurements: the reader's own with their state, and those of filed reports. */
import { Checkbox, Select } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { useStore } from '../../../kit/store'
import type { SuvKind } from '../../../measuring/suv'
import { useRoom } from '../context'
import { desk } from './desk'
import type { Draft } from './draft'
import { useDraft } from './drafts'
import { FileReport } from './FileReport'
import { MeasurementItem } from './MeasurementItem'
import classes from './Measuring.module.css'
import { ReportedList } from './ReportedList'

export function MeasurementsPanel() {
  const { state } = useRoom()
  return state.studies.map((uid, index) => <OfStudy key={uid} studyInstanceUid={uid} first={index === 0} />)
}

function OfStudy({ studyInstanceUid, first }: { readonly studyInstanceUid: string; readonly first: boolean }) {
  const { t } = useTranslation()
  const draft = useDraft(studyInstanceUid)
  const study = useRoom().studies.get(studyInstanceUid)
  return (
    <section>
      {!first && <h3 className={classes.section}>{[study?.study_date, study?.study_description].filter(Boolean).join(' · ')}</h3>}
      {draft && <Own studyInstanceUid={studyInstanceUid} draft={draft} />}
      <h3 className={classes.section}>{t('measuring.reported')}</h3>
      <ReportedList studyInstanceUid={studyInstanceUid} />
    </section>
  )
}

function Own({ studyInstanceUid, draft }: { readonly studyInstanceUid: string; readonly draft: Draft }) {
  const { t } = useTranslation()
  const { measurements, saving, reason } = useStore(draft.state)
  return (
    <>
      <h3 className={classes.section}>{t('measuring.own')}</h3>
      <p className={classes.state} role="status" data-saving={saving} data-testid="draft-state">
        {t(`measuring.saving.${saving}`, { reason: reason ?? '' })}
      </p>
      {measurements.length === 0 ? (
        <p className={classes.empty}>{t('measuring.none')}</p>
      ) : (
        <ul className={classes.list} data-testid="measurements">
          {measurements.map((one) => (
            <MeasurementItem key={one.id} measurement={one} studyInstanceUid={studyInstanceUid} draft={draft} />
          ))}
        </ul>
      )}
      <FileReport studyInstanceUid={studyInstanceUid} draft={draft} />
      <Choices studyInstanceUid={studyInstanceUid} />
    </>
  )
}

function Choices({ studyInstanceUid }: { readonly studyInstanceUid: string }) {
  const { t } = useTranslation()
  const { reported, suv } = useStore(desk)
  const hasPet = useRoom()
    .studies.get(studyInstanceUid)
    ?.series.some(({ modality }) => modality === 'PT')
  const kinds: SuvKind[] = ['bw', 'lbm', 'bsa']
  return (
    <>
      <Checkbox
        size="xs"
        mt="sm"
        label={t('measuring.showReported')}
        checked={reported}
        onChange={(event) => {
          const { checked } = event.currentTarget
          desk.set((now) => ({ ...now, reported: checked }))
        }}
      />
      {hasPet && (
        <Select
          size="xs"
          mt="sm"
          label={t('measuring.suvKind')}
          allowDeselect={false}
          data={kinds.map((value) => ({ value, label: t(`measuring.suv.${value}`) }))}
          value={suv}
          onChange={(value) => desk.set((now) => ({ ...now, suv: (value as SuvKind | null) ?? 'bw' }))}
        />
      )}
    </>
  )
}
