/** A secret link, shown once: to copy, to send, or to be scanned from the screen. */
import { Button, CopyButton, Group, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Icon } from '../brand/Icon'
import { Dialog } from './Dialog'
import classes from './OneTimeLink.module.css'

interface OneTimeLinkProps {
  /** The path on this server. */
  readonly path: string
  /** The same as a picture, a data: address. */
  readonly qr?: string
  readonly title: string
  readonly means: string
  readonly onClose: () => void
}

export function OneTimeLink({ path, qr, title, means, onClose }: OneTimeLinkProps) {
  const { t } = useTranslation()
  const link = new URL(path, window.location.origin).href
  return (
    <Dialog title={title} onClose={onClose}>
      <Stack gap="md">
        <Text size="sm">{means}</Text>
        {qr && <img className={classes.qr} src={qr} alt={t('manage.people.qr')} />}
        <code className={classes.link} data-testid="one-time-link">
          {link}
        </code>
        <Group justify="flex-end">
          <CopyButton value={link}>
            {({ copied, copy }) => (
              <Button variant="default" leftSection={<Icon name={copied ? 'sealed' : 'copy'} size={18} />} onClick={copy}>
                {copied ? t('manage.people.copied') : t('manage.people.copy')}
              </Button>
            )}
          </CopyButton>
          <Button onClick={onClose}>{t('manage.people.done')}</Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
