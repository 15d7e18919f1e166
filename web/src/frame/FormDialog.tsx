/** A dialog with fields: Enter or the button does it, a refusal is said in words, and what was typed stays. */
import { type ModalProps, Stack } from '@mantine/core'
import type { FormEvent, ReactNode } from 'react'

import { Dialog } from './Dialog'
import { DialogFooter } from './DialogFooter'

interface FormDialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly onSubmit: () => void
  /** A mutation of TanStack Query, or what looks like one. */
  readonly saving: { readonly isPending: boolean; readonly error: unknown }
  readonly ready?: boolean
  readonly confirm?: string
  readonly danger?: boolean
  readonly size?: ModalProps['size']
  readonly children?: ReactNode
}

export function FormDialog({ title, onClose, onSubmit, saving, ready = true, confirm, danger, size, children }: FormDialogProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready && !saving.isPending) onSubmit()
  }
  return (
    <Dialog title={title} size={size} onClose={onClose}>
      <form onSubmit={submit}>
        <Stack gap="md">
          {children}
          <DialogFooter error={saving.error} confirm={confirm} ready={ready} busy={saving.isPending} danger={danger} onCancel={onClose} />
        </Stack>
      </form>
    </Dialog>
  )
}
