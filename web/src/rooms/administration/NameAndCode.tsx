/** What institutions and departments are called: a name, the same in the other language, and the code that lists and programs use. */
import { TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import type { TextProps } from '../../kit/use-fields'

interface NameAndCodeProps {
  readonly text: (name: 'name' | 'other_name' | 'code') => TextProps
  /** The code that is taken when none is typed. */
  readonly suggested: string
  readonly codeIsFixed?: boolean
}

export function NameAndCode({ text, suggested, codeIsFixed = false }: NameAndCodeProps) {
  const { t } = useTranslation()
  return (
    <>
      <TextInput label={t('manage.institutions.name')} maxLength={100} autoComplete="off" data-autofocus {...text('name')} />
      <TextInput label={t('manage.institutions.otherName')} maxLength={100} autoComplete="off" {...text('other_name')} />
      <TextInput
        label={t('manage.institutions.code')}
        description={t('manage.institutions.codeHint')}
        placeholder={suggested}
        maxLength={32}
        autoComplete="off"
        spellCheck={false}
        readOnly={codeIsFixed}
        {...text('code')}
      />
    </>
  )
}
