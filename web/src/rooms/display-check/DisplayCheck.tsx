/** The test of a display: what it is for, the pattern over the whole screen, the questions, the record, and numbers for who has a meter. */
import { Alert, Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { displayChecksQuery, workstationName } from '../../api/display-checks'
import { Page } from '../../frame/Page'
import { Refusal } from '../../frame/Refusal'
import { readableMoment } from '../../kit/dates'
import classes from './DisplayCheck.module.css'
import { Meter } from './Meter'
import { Questions } from './Questions'
import { screenNow } from './screen'
import { type Shown, TestScreen } from './TestScreen'

export function DisplayCheck() {
  const { t } = useTranslation()
  const [workstation] = useState(workstationName)
  const [shown, show] = useState<Shown>()
  const close = useCallback(() => show(undefined), [])
  return (
    <Page
      title={t('display.title')}
      intro={t('display.intro')}
      actions={<Button onClick={() => show('positive')}>{t('display.start')}</Button>}
    >
      <div className={classes.column}>
        <LastCheck workstation={workstation} />
        <ThisScreen />
        <Questions workstation={workstation} />
        <Meter onShow={show} />
      </div>
      {shown !== undefined && <TestScreen shown={shown} onShow={show} onClose={close} />}
    </Page>
  )
}

function LastCheck({ workstation }: { readonly workstation: string }) {
  const { t } = useTranslation()
  const { data, error } = useQuery(displayChecksQuery(workstation))
  if (error) return <Refusal error={error} />
  if (!data) return null
  const last = data.checks.find((check) => check.workstation === workstation)
  if (!last) return <p>{t('display.lastNone')}</p>
  return (
    <p data-testid="last-check">
      {t('display.last', {
        date: readableMoment(last.checked_at),
        outcome: t(last.passed ? 'display.passed' : 'display.failed'),
        due: data.due_at === null ? t('display.now') : readableMoment(data.due_at),
      })}
    </p>
  )
}

/** Lines of one pixel are worth nothing where something enlarges them by a fraction. */
function ThisScreen() {
  const { t } = useTranslation()
  const { width, height, pixel_ratio: exact, colour_depth: depth } = screenNow()
  const ratio = Number(exact.toFixed(3))
  return (
    <>
      <p className={classes.quiet}>
        {t('display.screen', { width: Math.round(width * exact), height: Math.round(height * exact), ratio, depth })}
      </p>
      {!Number.isInteger(ratio) && (
        <Alert color="yellow" variant="light" p="sm">
          {t('display.zoomed', { ratio })}
        </Alert>
      )}
    </>
  )
}
