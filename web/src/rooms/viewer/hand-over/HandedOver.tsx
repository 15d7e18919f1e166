/** The page that the code leads to: fetches the view and goes on to the study; whoever is not the same person is told that it is gone. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

import { ApiError } from '../../../api/client'
import { handedOverQuery } from '../../../api/hand-over'
import { Nothing } from '../../../frame/Nothing'
import { Page } from '../../../frame/Page'
import { Refusal } from '../../../frame/Refusal'
import { handed } from './handed'
import { readView } from './view'

export function HandedOver() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { handOverId } = useParams({ from: '/signed-in/hand-over/$handOverId' })
  const { data, error } = useQuery(handedOverQuery(handOverId))
  const view = data && readView(data.view)
  const go = (studyInstanceUid: string) => void navigate({ to: '/studies/$studyInstanceUid', params: { studyInstanceUid }, replace: true })
  useEffect(() => {
    if (!data || !view) return
    handed.set({ studyInstanceUid: data.study_instance_uid, view })
    go(data.study_instance_uid)
    // oxlint-disable-next-line react/exhaustive-deps -- once, when the answer is there
  }, [data])
  const gone = error instanceof ApiError && error.status === 404
  return (
    <Page title={t('comparing.handOver.title')}>
      {gone ? <Nothing title={t('comparing.handOver.gone')} detail={t('comparing.handOver.goneDetail')} /> : <Refusal error={error} />}
      {!error && !data && <p role="status">{t('comparing.handOver.fetching')}</p>}
      {data && !view && (
        <>
          <p role="alert">{t('comparing.handOver.unreadable')}</p>
          <Button onClick={() => go(data.study_instance_uid)}>{t('comparing.handOver.open')}</Button>
        </>
      )}
    </Page>
  )
}
