/** From an empty hospital to its first study, a step at a time; every step shows what it is for and whether it is done. */
import { Button, Group, Skeleton } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { type Institution, inviteFirstAdministrator } from '../../../api/institutions'
import { useMe } from '../../../api/session'
import { Mark } from '../../../frame/Facts'
import { OneTimeLink } from '../../../frame/OneTimeLink'
import { Refusal } from '../../../frame/Refusal'
import { useMay } from '../../../frame/rights'
import { readableMoment } from '../../../kit/dates'
import { AdministrationPage } from '../AdministrationPage'
import { DepartmentForm } from '../DepartmentForm'
import { DeviceForm } from '../devices/DeviceForm'
import { EchoButton, FirstStoreButton, TestAnswers } from '../devices/DeviceTests'
import { OurAddress } from '../devices/OurAddress'
import { useDeviceTests } from '../devices/use-device-tests'
import { InstitutionForm } from '../InstitutionForm'
import classes from './SetUp.module.css'
import { StepLine } from './StepLine'
import { type SetUp as Progress, STEPS, type Step, useSetUp } from './use-set-up'

export function SetUp() {
  const { t } = useTranslation()
  const { institutionId } = useParams({ from: '/signed-in/administration/set-up/$institutionId' })
  const number = Number(institutionId)
  const setUp = useSetUp(number)
  const institution = setUp.progress?.institution
  const total = STEPS.length
  return (
    <AdministrationPage title={t('manage.setUp.title', { name: institution?.name ?? '…' })} intro={t('manage.setUp.intro')}>
      <Refusal error={setUp.error} />
      {!institution && !setUp.error && <Skeleton height={320} radius="lg" />}
      {institution && (
        <>
          <div className={classes.progress}>
            <progress max={total} value={setUp.count} aria-label={t('manage.setUp.progress', { done: setUp.count, total })} />
            <span>{t('manage.setUp.progress', { done: setUp.count, total })}</span>
          </div>
          {setUp.count === total && (
            <div className={classes.complete} role="status">
              <Mark tone="good">{t('manage.setUp.complete')}</Mark>
            </div>
          )}
          <Path institution={institution} setUp={setUp} />
        </>
      )}
    </AdministrationPage>
  )
}

function Path({ institution, setUp }: { readonly institution: Institution; readonly setUp: Progress }) {
  const me = useMe()
  const own = me?.institution.institution_id === institution.institution_id
  const next = STEPS.find((step) => !setUp.done[step])
  const state = (step: Step) => (setUp.done[step] ? 'done' : step === next ? 'now' : 'later')
  return (
    <ol className={classes.path}>
      <InstitutionStep institution={institution} state={state('institution')} />
      <DepartmentStep institution={institution} setUp={setUp} state={state('departments')} />
      <AdministratorStep institution={institution} setUp={setUp} state={state('administrator')} />
      <DeviceSteps key={setUp.device?.device_id} institution={institution} setUp={setUp} own={own} state={state} />
      <FurtherStep own={own} />
    </ol>
  )
}

type State = 'done' | 'now' | 'later'

function InstitutionStep({ institution, state }: { readonly institution: Institution; readonly state: State }) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  return (
    <StepLine
      state={state}
      title={t('manage.setUp.institution')}
      means={t('manage.setUp.institutionMeans')}
      fact={[institution.name, institution.other_name, institution.code].filter(Boolean).join(' · ')}
    >
      <Act state={state} onClick={() => setOpen(true)}>
        {t('manage.setUp.institutionAct')}
      </Act>
      {open && <InstitutionForm institution={institution} onClose={() => setOpen(false)} onSaved={() => setOpen(false)} />}
    </StepLine>
  )
}

interface StepProps {
  readonly institution: Institution
  readonly setUp: Progress
  readonly state: State
}

function DepartmentStep({ institution, setUp, state }: StepProps) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const count = setUp.progress?.departments ?? 0
  return (
    <StepLine
      state={state}
      title={t('manage.setUp.departments')}
      means={t('manage.setUp.departmentsMeans')}
      fact={count > 0 && t('manage.setUp.departmentsDone', { count })}
    >
      <Act state={state} onClick={() => setOpen(true)}>
        {t('manage.setUp.departmentsAct')}
      </Act>
      {open && <DepartmentForm institutionId={institution.institution_id} onClose={() => setOpen(false)} />}
    </StepLine>
  )
}

function AdministratorStep({ institution, setUp, state }: StepProps) {
  const { t } = useTranslation()
  const may = useMay()
  const queryClient = useQueryClient()
  const inviting = useMutation({
    mutationFn: () => inviteFirstAdministrator(institution.institution_id),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['institutions'] }),
  })
  const waits = (setUp.progress?.open_invitations ?? 0) > 0
  const here = setUp.done.administrator
  return (
    <StepLine
      state={state}
      title={t('manage.setUp.administrator')}
      means={t('manage.setUp.administratorMeans')}
      fact={here ? t('manage.setUp.administratorDone') : waits && t('manage.setUp.administratorWaits')}
    >
      {!here && may('manage-region') && (
        <Act state={state} busy={inviting.isPending} onClick={() => inviting.mutate()}>
          {waits ? t('manage.setUp.administratorAgain') : t('manage.setUp.administratorAct')}
        </Act>
      )}
      <Refusal error={inviting.error} />
      {inviting.data && (
        <OneTimeLink {...inviting.data} title={t('manage.people.linkTitle')} means={t('manage.people.linkMeans')} onClose={() => inviting.reset()} />
      )}
    </StepLine>
  )
}

interface DeviceStepsProps {
  readonly institution: Institution
  readonly setUp: Progress
  readonly own: boolean
  readonly state: (step: Step) => State
}

function DeviceSteps({ institution, setUp: { device, devices }, own, state }: DeviceStepsProps) {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const inside = own ? undefined : institution.institution_id
  const tests = useDeviceTests(inside)
  const called = devices.find((each) => each.last_seen_at !== null)
  const answers = device && tests.of(device.device_id)
  return (
    <>
      <StepLine
        state={state('device')}
        title={t('manage.setUp.device')}
        means={t('manage.setUp.deviceMeans')}
        fact={devices.length > 0 && t('manage.setUp.deviceDone', { count: devices.length })}
      >
        <Act state={state('device')} onClick={() => setOpen(true)}>
          {t('manage.setUp.deviceAct')}
        </Act>
        {open && <DeviceForm device={{}} institutionId={inside} onClose={() => setOpen(false)} />}
      </StepLine>
      <StepLine
        state={state('echo')}
        title={t('manage.setUp.echo')}
        means={t('manage.setUp.echoMeans')}
        fact={called && t('manage.setUp.echoDone', { name: called.name, at: readableMoment(called.last_seen_at ?? '') })}
      >
        {device && (
          <div className={classes.wide}>
            <OurAddress institutionId={institution.institution_id} />
            <Group gap="xs">
              <EchoButton device={device} tests={tests} />
            </Group>
            {answers?.echo && <TestAnswers device={device} tests={{ ...tests, of: () => ({ echo: answers.echo }) }} />}
          </div>
        )}
      </StepLine>
      <StepLine state={state('store')} title={t('manage.setUp.store')} means={t('manage.setUp.storeMeans')}>
        {device && (
          <div className={classes.wide}>
            <Group gap="xs">
              <FirstStoreButton device={device} tests={tests} />
            </Group>
            {answers && (answers.waits || Boolean(answers.error)) && <TestAnswers device={device} tests={{ ...tests, of: () => ({ ...answers, echo: undefined }) }} />}
          </div>
        )}
      </StepLine>
    </>
  )
}

function FurtherStep({ own }: { readonly own: boolean }) {
  const { t } = useTranslation()
  const may = useMay()
  return (
    <StepLine state="later" title={t('manage.setUp.further')} means={t('manage.setUp.furtherMeans')} fact={own ? t('manage.setUp.optional') : t('manage.setUp.furtherElse')}>
      {own && may('manage-destinations') && (
        <Button component={Link} to="/administration/destinations" variant="default" size="compact-sm">
          {t('administration.sections.destinations.title')}
        </Button>
      )}
    </StepLine>
  )
}

interface ActProps {
  readonly state: State
  readonly busy?: boolean
  readonly onClick: () => void
  readonly children: ReactNode
}

/** The step that is next has the button that asks for attention. */
function Act({ state, busy, onClick, children }: ActProps) {
  return (
    <Button variant={state === 'now' ? 'filled' : 'default'} size={state === 'now' ? 'sm' : 'compact-sm'} loading={busy} onClick={onClick}>
      {children}
    </Button>
  )
}
