/** What an auditor looks for; nothing is asked of the server before Search is pressed, because each search is recorded. */
import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { auditStateQuery } from '../../api/audit'
import { Icon } from '../../brand/Icon'
import { type Asked, NOTHING_ASKED } from './audit-search'
import classes from './AuditTrail.module.css'
import { useWordsOfAction } from './words'

interface SearchFormProps {
  readonly asked: Asked
  readonly onAsk: (asked: Asked) => void
}

export function SearchForm({ asked, onAsk }: SearchFormProps) {
  const { t, i18n } = useTranslation()
  const wordsOf = useWordsOfAction()
  const { data: state } = useQuery(auditStateQuery)
  const [typed, setTyped] = useState(asked)
  const text = (name: 'since' | 'until' | 'who' | 'study' | 'patient') => ({
    value: typed[name],
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => setTyped({ ...typed, [name]: event.currentTarget.value }),
  })
  const actions = (state?.actions ?? []).map((action) => ({ value: action, label: wordsOf(action) }))
  actions.sort((one, other) => one.label.localeCompare(other.label, i18n.language))
  return (
    <form
      className={classes.form}
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        onAsk(typed)
      }}
    >
      <TextInput label={t('audit.whoLabel')} autoComplete="off" maxLength={200} {...text('who')} />
      <TextInput label={t('audit.patient')} autoComplete="off" maxLength={64} {...text('patient')} />
      <TextInput label={t('audit.study')} autoComplete="off" maxLength={64} {...text('study')} />
      <NativeSelect
        label={t('audit.actions')}
        value={typed.action}
        onChange={(event) => setTyped({ ...typed, action: event.currentTarget.value })}
        data={[{ value: '', label: t('audit.everything') }, ...actions]}
      />
      <TextInput type="date" label={t('audit.since')} {...text('since')} />
      <TextInput type="date" label={t('audit.until')} {...text('until')} />
      <Checkbox
        className={classes.failed}
        label={t('audit.failed')}
        checked={typed.failed}
        onChange={(event) => setTyped({ ...typed, failed: event.currentTarget.checked })}
      />
      <div className={classes.acts}>
        <Button
          variant="subtle"
          onClick={() => {
            setTyped(NOTHING_ASKED)
            onAsk(NOTHING_ASKED)
          }}
        >
          {t('audit.clear')}
        </Button>
        <Button type="submit" leftSection={<Icon name="search" size={18} />}>
          {t('audit.search')}
        </Button>
      </div>
    </form>
  )
}
