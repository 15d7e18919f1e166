/** Hanging protocols in a panel: what fits this study, all that are kept, and keeping what is on the screen. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { hangingsQuery, type KeptHanging } from '../../../api/hanging'
import { Icon } from '../../../brand/Icon'
import { Refusal } from '../../../frame/Refusal'
import { useStore } from '../../../kit/store'
import { useRoom } from '../context'
import { arrange } from './arrange'
import { readDocument } from './document'
import { hang, hung } from './hung'
import { useHangingName } from './hanging-words'
import { type Asked, HangingDialogs } from './HangingDialogs'
import classes from './HangingPanel.module.css'
import { keepAsked } from './keep-asked'
import type { Hanging } from './match'

export function HangingPanel() {
  const { t } = useTranslation()
  const { data, error } = useQuery(hangingsQuery)
  const [asked, ask] = useState<Asked>()
  const wanted = useStore(keepAsked)
  useEffect(() => {
    if (!wanted) return
    keepAsked.set(false)
    // oxlint-disable-next-line react/set-state-in-effect -- a command opened the panel for this
    ask({ what: 'keep' })
  }, [wanted])
  return (
    <div className={classes.parts}>
      <Button size="sm" variant="default" leftSection={<Icon name="add" size={16} />} onClick={() => ask({ what: 'keep' })}>
        {t('comparing.hanging.keep')}
      </Button>
      <Fitting />
      <section>
        <h3>{t('comparing.hanging.all')}</h3>
        <Refusal error={error} />
        {data?.hanging_protocols.length === 0 && <p className={classes.quiet}>{t('comparing.hanging.none')}</p>}
        <ul className={classes.list}>
          {data?.hanging_protocols.map((kept) => (
            <Kept key={kept.hanging_protocol_id} kept={kept} onAsk={ask} />
          ))}
        </ul>
      </section>
      {asked && data && <HangingDialogs asked={asked} mayAdd={data.may_add} onClose={() => ask(undefined)} />}
    </div>
  )
}

function Fitting() {
  const { t } = useTranslation()
  const { fitting } = useStore(hung)
  return (
    <section>
      <h3>{t('comparing.hanging.fits')}</h3>
      <ul className={classes.list}>
        {fitting.map((hanging) => (
          <li key={hanging.id}>
            <Choice hanging={hanging} />
          </li>
        ))}
      </ul>
    </section>
  )
}

function Choice({ hanging }: { readonly hanging: Hanging }) {
  const { t } = useTranslation()
  const room = useRoom()
  const nameOf = useHangingName()
  const { chosen, occasion } = useStore(hung)
  const missing = occasion ? arrange(hanging.document, occasion).missing : 0
  const told = missing > 0 && (occasion?.prior !== undefined || !occasion?.comparable)
  return (
    <button type="button" className={classes.choice} aria-pressed={hanging.id === chosen} onClick={() => hang(room, hanging)} data-hanging={hanging.id}>
      <span className={classes.layout} style={{ gridTemplateColumns: `repeat(${hanging.document.layout.columns}, 1fr)` }} aria-hidden="true">
        {hanging.document.cells.map((cell, index) => (
          // oxlint-disable-next-line react/no-array-index-key -- a cell is its place
          <i key={index} data-from={cell?.from ?? 'none'} />
        ))}
      </span>
      <span className={classes.words}>
        <span>{nameOf(hanging)}</span>
        <span className={classes.quiet}>
          {[t(`comparing.hanging.scopes.${hanging.scope}`), told && t('comparing.hanging.incomplete', { count: missing })].filter(Boolean).join(' · ')}
        </span>
      </span>
    </button>
  )
}

function Kept({ kept, onAsk }: { readonly kept: KeptHanging; readonly onAsk: (asked: Asked) => void }) {
  const { t } = useTranslation()
  const { name } = kept
  const readable = readDocument({ ...kept.document, name }) !== undefined
  return (
    <li className={classes.kept}>
      <span className={classes.words}>
        <span>{name}</span>
        <span className={classes.quiet}>{readable ? t(`comparing.hanging.scopes.${kept.scope}`) : t('comparing.hanging.unreadable')}</span>
      </span>
      {kept.editable && (
        <>
          {readable && (
            <button type="button" className={classes.act} aria-label={t('comparing.hanging.editNamed', { name })} onClick={() => onAsk({ what: 'edit', kept })}>
              <Icon name="edit" size={16} />
            </button>
          )}
          <button type="button" className={classes.act} aria-label={t('comparing.hanging.removeNamed', { name })} onClick={() => onAsk({ what: 'remove', kept })}>
            <Icon name="bin" size={16} />
          </button>
        </>
      )}
    </li>
  )
}
