/** What stands where studies would be: waiting, nothing found, nothing there yet, a failure. */
import { Button, Code, Skeleton, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { aboutQuery } from '../../api/about'
import { useMe } from '../../api/session'
import { Logo } from '../../brand/Logo'
import { BreakGlass } from '../restriction/BreakGlassDialog'
import classes from './Emptiness.module.css'

export function Waiting() {
  const { t } = useTranslation()
  return (
    <Stack gap="xs" aria-busy="true" aria-label={t('common.loading')}>
      {Array.from({ length: 8 }, (_, line) => (
        <Skeleton key={line} height={54} radius="md" />
      ))}
    </Stack>
  )
}

function Emptiness({ title, detail, children }: { readonly title: string; readonly detail?: string; readonly children?: ReactNode }) {
  return (
    <section className={classes.empty}>
      <h2>{title}</h2>
      {detail && <p>{detail}</p>}
      {children}
    </section>
  )
}

export function NoMatch({ onClear }: { readonly onClear: () => void }) {
  const { t } = useTranslation()
  return (
    <Emptiness title={t('list.noMatch')} detail={t('list.noMatchDetail')}>
      <Button variant="default" onClick={onClear}>
        {t('list.clearAll')}
      </Button>
      <BreakGlass />
    </Emptiness>
  )
}

export function FailedList({ onRetry }: { readonly onRetry: () => void }) {
  const { t } = useTranslation()
  return (
    <Emptiness title={t('list.failed')}>
      <Button variant="default" onClick={onRetry}>
        {t('common.retry')}
      </Button>
    </Emptiness>
  )
}

/** Who sees only patients she cares for, and cares for nobody now. */
function NobodyToSee() {
  const { t } = useTranslation()
  return (
    <Emptiness title={t('sharing.nobody')} detail={t('sharing.nobodyDetail')}>
      <BreakGlass />
    </Emptiness>
  )
}

/** Nothing stored yet: tells where a scanner sends to. */
export function NoStudies() {
  const { t } = useTranslation()
  const { data: about } = useQuery(aboutQuery)
  const dicom = about?.dicom
  const me = useMe()
  if (me && !me.rights.includes('read-every-patient')) return <NobodyToSee />
  return (
    <section className={classes.empty}>
      <Logo size={44} />
      <h2>{t('list.emptyTitle')}</h2>
      <p>{t('list.emptyDetail')}</p>
      {dicom && (
        <>
          <dl className={classes.destination} aria-label={t('list.emptyDestination')}>
            <Fact name={t('list.aeTitle')} value={dicom.ae_title} />
            <Fact name={t('list.host')} value={dicom.host} />
            <Fact name={t('list.port')} value={String(dicom.port)} />
          </dl>
          <p className={classes.small}>{t('list.emptyCommand')}</p>
          <Code block className={classes.command}>{`storescu -aec ${dicom.ae_title} +sd +r ${dicom.host} ${dicom.port} FOLDER`}</Code>
        </>
      )}
    </section>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
