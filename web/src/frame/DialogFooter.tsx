/** The end of every dialog: why it was not done, the way out, and the one thing it is for. It belongs inside a form. */
import { Button, Group } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Refusal } from './Refusal'

interface DialogFooterProps {
  readonly onCancel: () => void
  readonly error?: unknown
  /** What the button says; without it "Save". */
  readonly confirm?: string
  readonly ready?: boolean
  readonly busy?: boolean
  /** Red: something is taken away. */
  readonly danger?: boolean
}

export function DialogFooter({ onCancel, error, confirm, ready = true, busy = false, danger = false }: DialogFooterProps) {
  const { t } = useTranslation()
  return (
    <>
      <Refusal error={error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={onCancel}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" disabled={!ready} loading={busy} color={danger ? 'red' : undefined}>
          {confirm ?? t('common.save')}
        </Button>
      </Group>
    </>
  )
}
