/** A question over the page; on a phone it is the whole screen. */
import { Modal, type ModalProps } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { usePhone } from './use-phone'


interface DialogProps {
  readonly title: string
  readonly size?: ModalProps['size']
  readonly onClose: () => void
  readonly children: ReactNode
}

export function Dialog({ title, size = 'md', onClose, children }: DialogProps) {
  const { t } = useTranslation()
  const phone = usePhone()
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size={size}
      fullScreen={phone}
      centered={!phone}
      // Mantine closes from a listener of the window, so early that the room below would take the same key for its own.
      closeOnEscape={false}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose()
      }}
      overlayProps={{ backgroundOpacity: 0.4 }}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {children}
    </Modal>
  )
}
