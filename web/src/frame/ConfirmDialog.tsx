/** "Really?": what will happen in a sentence, then the button that does it. */
import { Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'

import { FormDialog } from './FormDialog'

interface ConfirmDialogProps {
  readonly title: string
  /** What follows from it. */
  readonly means: string
  readonly confirm: string
  readonly danger?: boolean
  /** Does it; the dialog closes when the promise is kept. */
  readonly act: () => Promise<unknown>
  readonly onClose: () => void
}

export function ConfirmDialog({ title, means, confirm, danger = true, act, onClose }: ConfirmDialogProps) {
  const acting = useMutation({ mutationFn: act, onSuccess: onClose })
  return (
    <FormDialog title={title} confirm={confirm} danger={danger} saving={acting} onSubmit={() => acting.mutate()} onClose={onClose}>
      <Text size="sm">{means}</Text>
    </FormDialog>
  )
}
