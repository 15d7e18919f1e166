/** What a command is, in a card: its name, its key, what it is for. */
import { Kbd } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import type { Command } from './commands'
import classes from './CommandCard.module.css'
import { keyParts } from './keys'
import { useKeysOf } from './shortcuts'

export function CommandCard({ command }: { readonly command: Command }) {
  const { t } = useTranslation()
  return (
    <span className={classes.card}>
      <span className={classes.title}>
        <strong>{t(command.words, command.values)}</strong>
        <CommandKeys command={command} />
      </span>
      <span>{t(command.help)}</span>
    </span>
  )
}

/** The keys of a command as they are now. */
export function CommandKeys({ command }: { readonly command: Command }) {
  const keys = useKeysOf(command)
  return (
    <span className={classes.keys}>
      {keys.map((key) => (
        <span key={key}>
          {keyParts(key).map((part) => (
            <Kbd key={part} size="xs">
              {part}
            </Kbd>
          ))}
        </span>
      ))}
    </span>
  )
}
