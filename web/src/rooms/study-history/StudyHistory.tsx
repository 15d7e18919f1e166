/** What was done to a study since it came: corrections, which can be undone, and objects that were rejected, which can be had back. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { correctionsQuery } from '../../api/corrections'
import { rejectionsQuery } from '../../api/rejections'
import { Nothing } from '../../frame/Nothing'
import { Page } from '../../frame/Page'
import { Refusal } from '../../frame/Refusal'
import { StudyNames } from '../study-actions/StudyNames'
import { useStudy } from '../viewer/use-study'
import { CorrectionEntry } from './CorrectionEntry'
import { RejectionEntry } from './RejectionEntry'

export function StudyHistory() {
  const { t } = useTranslation()
  const { studyInstanceUid } = useParams({ from: '/signed-in/studies/$studyInstanceUid/history' })
  const { data: study, error } = useStudy(studyInstanceUid)
  const corrections = useQuery(correctionsQuery(studyInstanceUid))
  const rejections = useQuery(rejectionsQuery(studyInstanceUid))
  const nothing = corrections.data?.length === 0 && rejections.data?.length === 0
  return (
    <Page
      title={t('history.title')}
      actions={
        <Button variant="default" component={Link} to={`/studies/${studyInstanceUid}`}>
          {t('history.openStudy')}
        </Button>
      }
    >
      {study && <StudyNames studies={[study]} />}
      <Refusal error={error ?? corrections.error ?? rejections.error} />
      {nothing && <Nothing title={t('history.nothing')} detail={t('history.nothingDetail')} />}
      {corrections.data?.map((each) => (
        <CorrectionEntry key={each.correction_id} correction={each} />
      ))}
      {rejections.data?.map((each) => (
        <RejectionEntry key={each.rejection_id} rejection={each} />
      ))}
    </Page>
  )
}
