/** The one search field of lists: a magnifier, what is typed, and a cross that empties it. */
import { ActionIcon, TextInput, type TextInputProps } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Icon } from '../brand/Icon'

interface SearchFieldProps extends Omit<TextInputProps, 'onChange' | 'value'> {
  readonly value: string
  readonly onChange: (text: string) => void
}

export function SearchField({ value, onChange, ...rest }: SearchFieldProps) {
  const { t } = useTranslation()
  return (
    <TextInput
      inputMode="search"
      autoComplete="off"
      spellCheck={false}
      leftSection={<Icon name="search" size={18} />}
      rightSection={
        value ? (
          <ActionIcon variant="subtle" color="gray" aria-label={t('list.clear')} onClick={() => onChange('')}>
            <Icon name="close" size={16} />
          </ActionIcon>
        ) : null
      }
      {...rest}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
