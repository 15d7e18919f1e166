/** A secret that is shown this once: to copy, then gone. */
import { Alert, Button, CopyButton, Group, Stack, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../../brand/Icon'
import { Dialog } from '../../../frame/Dialog'

interface ShownOnceProps {
  /** Title and text of each thing to keep. */
  readonly secrets: readonly (readonly [title: string, text: string])[]
  readonly onClose: () => void
}

export function ShownOnce({ secrets, onClose }: ShownOnceProps) {
  const { t } = useTranslation()
  return (
    <Dialog title={t('identities.programs.onceTitle')} onClose={onClose}>
      <Stack gap="md">
        <Alert color="yellow" variant="light" p="sm">
          {t('identities.programs.onceMeans')}
        </Alert>
        {secrets.map(([title, text]) => (
          <Group key={title} align="flex-end" gap="sm" wrap="nowrap">
            <TextInput label={title} readOnly value={text} style={{ flex: 1 }} onFocus={(event) => event.currentTarget.select()} />
            <CopyButton value={text}>
              {({ copied, copy }) => (
                <Button variant="default" leftSection={<Icon name={copied ? 'sealed' : 'copy'} size={18} />} onClick={copy}>
                  {copied ? t('identities.programs.copied') : t('identities.programs.copy')}
                </Button>
              )}
            </CopyButton>
          </Group>
        ))}
        <Group justify="flex-end">
          <Button onClick={onClose}>{t('identities.programs.done')}</Button>
        </Group>
      </Stack>
    </Dialog>
  )
}
