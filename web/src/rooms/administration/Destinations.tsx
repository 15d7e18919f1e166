/** Where studies can be sent to: add, change, remove, and ask whether it answers. */
import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Destination, destinationsQuery, echoDestination, removeDestination } from '../../api/destinations'
import { Icon } from '../../brand/Icon'
import { ConfirmDialog } from '../../frame/ConfirmDialog'
import { Nothing } from '../../frame/Nothing'
import { Refusal, useWordsOfReason } from '../../frame/Refusal'
import classes from './Administration.module.css'
import { AdministrationPage } from './AdministrationPage'
import { DestinationForm } from './DestinationForm'

export function Destinations() {
  const { t } = useTranslation()
  const { data, error } = useQuery(destinationsQuery)
  const [edited, setEdited] = useState<Destination | 'new'>()
  const [removed, setRemoved] = useState<Destination>()
  return (
    <AdministrationPage
      title={t('destinations.title')}
      intro={t('destinations.intro')}
      actions={
        <Button leftSection={<Icon name="add" size={18} />} onClick={() => setEdited('new')}>
          {t('destinations.add')}
        </Button>
      }
    >
      <Refusal error={error} />
      {data?.length === 0 && <Nothing title={t('destinations.none')} detail={t('destinations.noneDetail')} />}
      {data && data.length > 0 && (
        <ul className={classes.list}>
          {data.map((each) => (
            <DestinationLine key={each.destination_id} destination={each} onEdit={() => setEdited(each)} onRemove={() => setRemoved(each)} />
          ))}
        </ul>
      )}
      {edited && <DestinationForm destination={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      {removed && <Removal destination={removed} onClose={() => setRemoved(undefined)} />}
    </AdministrationPage>
  )
}

interface DestinationLineProps {
  readonly destination: Destination
  readonly onEdit: () => void
  readonly onRemove: () => void
}

function DestinationLine({ destination, onEdit, onRemove }: DestinationLineProps) {
  const { t } = useTranslation()
  const wordsOf = useWordsOfReason()
  const echo = useMutation({ mutationFn: () => echoDestination(destination.destination_id) })
  return (
    <li className={classes.line} data-destination>
      <div className={classes.what}>
        <strong>{destination.name}</strong>
        <span className={classes.mono}>
          {destination.ae_title} · {destination.host}:{destination.port}
        </span>
        {!destination.send_allowed && <span className={classes.quiet}>{t('destinations.notAllowed')}</span>}
      </div>
      <div className={classes.acts}>
        {echo.data?.ok && (
          <span className={classes.answer} data-ok="true" role="status">
            <Icon name="sealed" size={16} />
            {t('destinations.answers', { ms: echo.data.ms })}
          </span>
        )}
        <Button variant="default" size="compact-sm" leftSection={<Icon name="signal" size={16} />} loading={echo.isPending} onClick={() => echo.mutate()}>
          {t('destinations.test')}
        </Button>
        <Button variant="subtle" size="compact-sm" onClick={onEdit} aria-label={t('destinations.editNamed', { name: destination.name })}>
          {t('common.edit')}
        </Button>
        <Button variant="subtle" color="red" size="compact-sm" onClick={onRemove} aria-label={t('destinations.removeNamed', { name: destination.name })}>
          {t('common.remove')}
        </Button>
      </div>
      {echo.data && !echo.data.ok && (
        <span className={classes.answer} data-ok="false" role="status">
          <Icon name="warning" size={16} />
          {[t('destinations.silent'), echo.data.reason && (wordsOf(echo.data.reason) ?? echo.data.message)].filter(Boolean).join(' ')}
        </span>
      )}
      <Refusal error={echo.error} />
    </li>
  )
}

function Removal({ destination, onClose }: { readonly destination: Destination; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  return (
    <ConfirmDialog
      title={t('destinations.removeTitle', { name: destination.name })}
      means={t('destinations.removeMeans')}
      confirm={t('common.remove')}
      act={async () => {
        await removeDestination(destination.destination_id)
        await queryClient.invalidateQueries({ queryKey: destinationsQuery.queryKey })
      }}
      onClose={onClose}
    />
  )
}
