/** The reason that every deletion, merge and correction is kept with. */
import { Textarea } from '@mantine/core'
import { useTranslation } from 'react-i18next'

const LONGEST = 200

interface ReasonProps {
  readonly value: string
  readonly placeholder: string
  readonly onChange: (reason: string) => void
}

export function Reason({ value, placeholder, onChange }: ReasonProps) {
  const { t } = useTranslation()
  return (
    <Textarea
      label={t('actions.reason')}
      description={t('actions.reasonHint')}
      placeholder={placeholder}
      autosize
      minRows={2}
      maxRows={5}
      maxLength={LONGEST}
      required
      withAsterisk={false}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
