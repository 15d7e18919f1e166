/** Changing the keys of commands: press the new key; a key that another command has is refused, by name. */
import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { preferencesLost } from '../../api/preferences'
import { Icon } from '../../brand/Icon'
import { useStore } from '../../kit/store'
import { CommandKeys } from './CommandCard'
import { type Command, COMMANDS, defaultKeysOf } from './commands'
import { keyOf } from './keys'
import classes from './ShortcutEditor.module.css'
import { changedShortcuts, keepShortcuts, type Refusal, refusalOf, useShortcuts } from './shortcuts'

export function ShortcutEditor() {
  const { t } = useTranslation()
  const changed = useShortcuts()
  const lost = useStore(preferencesLost)
  const [listening, listen] = useState<string>()
  return (
    <section aria-label={t('room.changeKeys')}>
      <p className={classes.intro}>{t('room.changeKeysIntro')}</p>
      {lost && (
        <p className={classes.refusal} role="status">
          {t('room.keysNotKept')}
        </p>
      )}
      <ul className={classes.list}>
        {COMMANDS.filter((command) => command.Control === undefined || defaultKeysOf(command).length > 0).map((command) => (
          <Line key={command.id} command={command} listening={listening === command.id} listen={listen} />
        ))}
      </ul>
      <Button variant="default" disabled={Object.keys(changed).length === 0} onClick={() => keepShortcuts({})}>
        {t('room.allDefaultKeys')}
      </Button>
    </section>
  )
}

interface LineProps {
  readonly command: Command
  readonly listening: boolean
  readonly listen: (id: string | undefined) => void
}

function Line({ command, listening, listen }: LineProps) {
  const { t } = useTranslation()
  const changed = useShortcuts()
  const [refusal, setRefusal] = useState<Refusal>()
  const words = t(command.words, command.values)
  const onKey = (event: React.KeyboardEvent) => {
    if (!listening || event.key === 'Tab') return
    event.preventDefault()
    event.stopPropagation()
    const key = keyOf(event.nativeEvent)
    if (key === undefined) return
    if (key === 'Escape' || key === 'Delete' || key === 'Backspace') {
      if (key !== 'Escape') keepShortcuts(changedShortcuts(command, [], changed))
    } else {
      const refused = refusalOf(command, key, changed)
      setRefusal(refused)
      if (refused) return
      keepShortcuts(changedShortcuts(command, [key], changed))
    }
    setRefusal(undefined)
    listen(undefined)
  }
  return (
    <li className={classes.line} data-shortcut={command.id}>
      <span>{words}</span>
      <CommandKeys command={command} />
      <button
        type="button"
        className={classes.change}
        aria-label={`${listening ? t('room.pressKey') : t('room.changeKey')}: ${words}`}
        data-listening={listening}
        onClick={() => listen(listening ? undefined : command.id)}
        onKeyDownCapture={onKey}
        onBlur={() => {
          setRefusal(undefined)
          if (listening) listen(undefined)
        }}
      >
        {listening ? t('room.pressKey') : t('room.changeKey')}
      </button>
      {command.id in changed && (
        <button
          type="button"
          className={classes.back}
          aria-label={t('room.defaultKey', { command: words })}
          title={t('room.defaultKey', { command: words })}
          onClick={() => takeBack(command, changed, setRefusal)}
        >
          <Icon name="reset" size={16} />
        </button>
      )}
      {refusal && (
        <span className={classes.refusal} role="alert">
          {refusal.reason === 'taken' ? t('room.keyTaken', { command: t(refusal.by.words, refusal.by.values) }) : t('room.keyNotOurs')}
        </span>
      )}
    </li>
  )
}

/** Back to the default, unless another command has that key by now. */
function takeBack(command: Command, changed: ReturnType<typeof useShortcuts>, refuse: (refusal: Refusal | undefined) => void): void {
  const without = Object.fromEntries(Object.entries(changed).filter(([id]) => id !== command.id))
  const keys = [command.defaultKey ?? []].flat()
  const refused = keys.map((key) => refusalOf(command, key, without)).find(Boolean)
  refuse(refused)
  if (!refused) keepShortcuts(without)
}
