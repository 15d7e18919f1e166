/** The code that opens this view on the reader's other device. */
import { Alert, Button, Skeleton } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

import { handOver } from '../../../api/hand-over'
import { Refusal } from '../../../frame/Refusal'
import { useRoom } from '../context'
import classes from './HandOverPanel.module.css'
import { isLoopback, viewOf } from './view'

export function HandOverPanel() {
  const { t } = useTranslation()
  const room = useRoom()
  const { mutate, data, error } = useMutation({ mutationFn: () => handOver(room.studyInstanceUid, { ...viewOf(room) }) })
  // Once when the panel opens; each further code is asked for by hand.
  useEffect(() => mutate(), [mutate])
  const { hostname, origin } = window.location
  if (error) return <Refusal error={error} />
  if (!data) return <Skeleton className={classes.code} />
  const until = new Date(data.expires_at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  return (
    <div className={classes.parts}>
      {isLoopback(hostname) && (
        <Alert color="yellow" variant="light" p="sm">
          {t('comparing.handOver.loopback', { host: hostname })}
        </Alert>
      )}
      <p>{t('comparing.handOver.scan', { until })}</p>
      <img className={classes.code} src={data.qr} alt={t('comparing.handOver.picture')} />
      <p className={classes.quiet}>
        {t('comparing.handOver.address')} <a href={data.path}>{`${origin}${data.path}`}</a>
      </p>
      <Button size="xs" variant="default" onClick={() => mutate()}>
        {t('comparing.handOver.again')}
      </Button>
    </div>
  )
}
