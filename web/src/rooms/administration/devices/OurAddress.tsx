/** What is entered at a device: our AE title and ports; an institution may have a title of its own. */
import { Button, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { ourTitleQuery, setOurTitle } from '../../../api/devices'
import { FormDialog } from '../../../frame/FormDialog'
import classes from './Devices.module.css'

export function OurAddress({ institutionId }: { readonly institutionId?: number }) {
  const { t } = useTranslation()
  const { data } = useQuery(ourTitleQuery(institutionId))
  const [editing, setEditing] = useState(false)
  if (!data) return null
  const facts: readonly (readonly [string, string | number | null])[] = [
    [t('manage.devices.ourTitle'), data.ae_title ?? data.everyones],
    [t('manage.devices.port'), data.port],
    [t('manage.devices.tlsPort'), data.tls_port],
  ]
  return (
    <section className={classes.address} aria-labelledby="our-address">
      <h2 id="our-address">{t('manage.devices.address')}</h2>
      <dl>
        {facts
          .filter(([, value]) => value !== null)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {institutionId === undefined && (
        <Button variant="subtle" size="compact-sm" onClick={() => setEditing(true)}>
          {t('manage.devices.ownTitle')}
        </Button>
      )}
      {editing && <OurTitleForm now={data.ae_title ?? ''} everyones={data.everyones} onClose={() => setEditing(false)} />}
    </section>
  )
}

function OurTitleForm({ now, everyones, onClose }: { readonly now: string; readonly everyones: string; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [title, setTitle] = useState(now)
  const saving = useMutation({
    mutationFn: () => setOurTitle(title.trim()),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['called-ae-title'] })
      onClose()
    },
  })
  return (
    <FormDialog title={t('manage.devices.ownTitleTitle')} saving={saving} onSubmit={() => saving.mutate()} onClose={onClose}>
      <TextInput
        label={t('manage.devices.ourTitle')}
        description={t('manage.devices.ownTitleHint', { title: everyones })}
        placeholder={everyones}
        maxLength={16}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
    </FormDialog>
  )
}
