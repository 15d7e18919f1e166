/** A command as a button. Who draws it watches whether it can be given (`useStanding`). */
import { useTranslation } from 'react-i18next'

import { CommandCard } from './CommandCard'
import type { Command } from './commands'
import { useRoom } from './context'
import { ToolButton } from './ToolButton'

export function CommandButton({ command }: { readonly command: Command }) {
  const { t } = useTranslation()
  const room = useRoom()
  return (
    <ToolButton
      id={command.id}
      icon={command.icon ?? 'more'}
      words={t(command.words, command.values)}
      card={<CommandCard command={command} />}
      pressed={command.pressed?.(room)}
      disabled={command.enabled?.(room) === false}
      onClick={() => command.run(room)}
    />
  )
}
