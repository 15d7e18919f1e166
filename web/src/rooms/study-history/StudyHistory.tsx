/** What was done to a study since it came: corrections, which can be undone. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { correctionsQuery } from '../../api/corrections'
import { Nothing } from '../../frame/Nothing'
import { Page } from '../../frame/Page'
import { Refusal } from '../../frame/Refusal'
import { StudyNames } from '../study-actions/StudyNames'
import { useStudy } from '../viewer/use-study'
import { CorrectionEntry } from './CorrectionEntry'

export function StudyHistory() {
  const { t } = useTranslation()
  const { studyInstanceUid } = useParams({ from: '/signed-in/studies/$studyInstanceUid/history' })
  const { data: study, error } = useStudy(studyInstanceUid)
  const corrections = useQuery(correctionsQuery(studyInstanceUid))
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
      <Refusal error={error ?? corrections.error} />
      {corrections.data?.length === 0 && <Nothing title={t('history.nothing')} detail={t('history.nothingDetail')} />}
      {corrections.data?.map((each) => (
        <CorrectionEntry key={each.correction_id} correction={each} />
      ))}
    </Page>
  )
}
