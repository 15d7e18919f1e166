/** Every command by its name: the menu on the phone, after a long press, and with Ctrl+K. Typing narrows it. */
import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../brand/Icon'
import { CommandKeys } from './CommandCard'
import classes from './CommandMenu.module.css'
import { type Command, type CommandGroup, COMMANDS, defaultKeysOf, GROUPS } from './commands'
import { useRoom } from './context'
import { GROUP_WORDS } from './groups'
import type { PanelProps } from './panels'
import { useStanding } from './use-standing'

export function CommandMenu({ onClose }: PanelProps) {
  const { t } = useTranslation()
  const [wanted, setWanted] = useState('')
  useStanding(useRoom())
  const asked = wanted.trim().toLowerCase()
  const here = COMMANDS.filter((command) => (command.Control === undefined || defaultKeysOf(command).length > 0) && command.id !== 'commands')
  const found = here.filter((command) => asked === '' || t(command.words, command.values).toLowerCase().includes(asked))
  return (
    <>
      <TextInput
        data-autofocus
        aria-label={t('room.findCommand')}
        placeholder={t('room.findCommand')}
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
      />
      {GROUPS.map((group) => (
        <Group key={group} group={group} commands={found.filter((command) => command.group === group)} onClose={onClose} />
      ))}
      {found.length === 0 && <p className={classes.nothing}>{t('room.noCommand')}</p>}
    </>
  )
}

interface GroupProps extends PanelProps {
  readonly group: CommandGroup
  readonly commands: readonly Command[]
}

function Group({ group, commands, onClose }: GroupProps) {
  const { t } = useTranslation()
  const room = useRoom()
  if (commands.length === 0) return null
  return (
    <section className={classes.group} aria-label={t(GROUP_WORDS[group])}>
      <h3>{t(GROUP_WORDS[group])}</h3>
      {commands.map((command) => (
        <button
          key={command.id}
          type="button"
          className={classes.command}
          disabled={command.enabled?.(room) === false}
          aria-pressed={command.pressed?.(room)}
          title={t(command.help)}
          data-command={command.id}
          onClick={() => {
            onClose()
            command.run(room)
          }}
        >
          <span className={classes.icon}>{command.icon && <Icon name={command.icon} size={18} />}</span>
          <span>{t(command.words, command.values)}</span>
          <CommandKeys command={command} />
        </button>
      ))}
    </section>
  )
}
