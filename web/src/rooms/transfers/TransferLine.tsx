/** One transfer: where to, how far, and what went wrong. */
import { Button, Progress } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { retryTransfer, type Transfer, transfersQuery } from '../../api/transfers'
import { Icon } from '../../brand/Icon'
import { Refusal, useWordsOfReason } from '../../frame/Refusal'
import { readableMoment } from '../../kit/dates'
import classes from './TransferLine.module.css'

interface TransferLineProps {
  readonly transfer: Transfer
  /** Whose study it is, where it is known; the transfers themselves carry no names. */
  readonly whose?: string
  readonly onOpen?: () => void
}

export function TransferLine({ transfer, whose, onOpen }: TransferLineProps) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const wordsOf = useWordsOfReason()
  const retry = useMutation({
    mutationFn: () => retryTransfer(transfer.transfer_id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: transfersQuery.queryKey }),
  })
  const { state, total, done, failed, last_error: error } = transfer
  const stuck = state === 'failed' || (state === 'waiting' && error !== null)
  return (
    <li className={classes.line} data-transfer={state}>
      <div className={classes.head}>
        <span className={classes.where}>
          <Icon name="send" size={16} />
          <strong>{transfer.destination_name}</strong>
        </span>
        <span className={classes.state} data-state={state}>
          {state === 'done' && <Icon name="sealed" size={14} />}
          {state === 'failed' && <Icon name="warning" size={14} />}
          {t(`transfers.${state}`)}
        </span>
      </div>
      <Progress
        value={total > 0 ? ((done + failed) / total) * 100 : 0}
        size="sm"
        color={state === 'failed' ? 'red' : undefined}
        animated={state === 'sending'}
        aria-label={t('transfers.progress')}
      />
      <div className={classes.foot}>
        <span>{t('transfers.objects', { done, total })}</span>
        {failed > 0 && <span className={classes.failed}>{t('transfers.failedCount', { count: failed })}</span>}
        <span>{readableMoment(transfer.created_at)}</span>
        {onOpen && (
          <Link to="/studies/$studyInstanceUid" params={{ studyInstanceUid: transfer.study_instance_uid }} className={classes.open} onClick={onOpen}>
            {whose ?? t('transfers.openStudy')}
          </Link>
        )}
      </div>
      {stuck && error && (
        <p className={classes.error}>
          {wordsOf(error) ?? t('transfers.error', { error })}{' '}
          {state === 'waiting' && transfer.next_attempt_at && t('transfers.again', { at: readableMoment(transfer.next_attempt_at) })}
        </p>
      )}
      {stuck && (
        <Button variant="default" size="compact-sm" loading={retry.isPending} onClick={() => retry.mutate()}>
          {t('common.retry')}
        </Button>
      )}
      <Refusal error={retry.error} />
    </li>
  )
}
