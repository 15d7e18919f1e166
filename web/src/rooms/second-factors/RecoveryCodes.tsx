/** Ten codes, shown once. Going on takes a word that they are kept. */
import { Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../brand/Icon'
import classes from './SecondFactors.module.css'

interface RecoveryCodesProps {
  readonly codes: readonly string[]
  readonly done: string
  readonly onDone: () => void
}

export function RecoveryCodes({ codes, done, onDone }: RecoveryCodesProps) {
  const { t } = useTranslation()
  const [kept, setKept] = useState(false)
  const [copied, setCopied] = useState(false)
  const copy = () => {
    void navigator.clipboard?.writeText(codes.join('\n')).then(() => setCopied(true), () => undefined)
  }
  return (
    <Stack gap="md">
      <Text size="sm">{t('comingIn.codes.intro')}</Text>
      <ul className={classes.codes} aria-label={t('comingIn.codes.list')}>
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <Checkbox label={t('comingIn.codes.kept')} checked={kept} onChange={(event) => setKept(event.currentTarget.checked)} />
      <Group justify="space-between">
        <Button variant="default" leftSection={<Icon name={copied ? 'sealed' : 'copy'} size={16} />} onClick={copy}>
          {copied ? t('comingIn.codes.copied') : t('comingIn.codes.copy')}
        </Button>
        <Button disabled={!kept} onClick={onDone}>
          {done}
        </Button>
      </Group>
    </Stack>
  )
}
