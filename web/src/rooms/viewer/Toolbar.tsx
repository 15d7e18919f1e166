/** The toolbar: made from the registry of commands, and a button for each panel. */
import { Menu } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../brand/Icon'
import { type Command, type CommandGroup, COMMANDS, GROUPS } from './commands'
import { CommandButton } from './CommandButton'
import { useRoom } from './context'
import { GROUP_WORDS, MENU_ICONS } from './groups'
import { PANELS } from './panels'
import { MenuButton, ToolButton } from './ToolButton'
import classes from './Toolbar.module.css'
import { useStanding } from './use-standing'

/** panels: false where their buttons stand elsewhere. */
export function Toolbar({ panels = true }: { readonly panels?: boolean }) {
  const { t } = useTranslation()
  useStanding(useRoom())
  return (
    <div className={classes.bar} role="toolbar" aria-label={t('viewer.tools')}>
      {GROUPS.map((group) => (
        <Group key={group} group={group} />
      ))}
      {panels && <PanelButtons />}
    </div>
  )
}

function Group({ group }: { readonly group: CommandGroup }) {
  const { t } = useTranslation()
  const mine = COMMANDS.filter((command) => command.group === group)
  const onBar = mine.filter(({ place }) => place === 'bar')
  const inMenu = mine.filter(({ place = 'menu' }) => place === 'menu')
  if (onBar.length + inMenu.length === 0) return null
  return (
    <div className={classes.group} role="group" aria-label={t(GROUP_WORDS[group])} data-group={group}>
      {onBar.map((command) => (command.Control ? <command.Control key={command.id} /> : <CommandButton key={command.id} command={command} />))}
      {inMenu.length > 0 && (
        <MenuButton icon={MENU_ICONS[group]} words={t(GROUP_WORDS[group])}>
          {inMenu.map((command) => (
            <MenuLine key={command.id} command={command} />
          ))}
        </MenuButton>
      )}
    </div>
  )
}

function MenuLine({ command }: { readonly command: Command }) {
  const { t } = useTranslation()
  const room = useRoom()
  const pressed = command.pressed?.(room)
  return (
    <Menu.Item
      leftSection={command.icon && <Icon name={command.icon} size={18} />}
      rightSection={pressed ? <Icon name="sealed" size={14} /> : null}
      role={pressed === undefined ? 'menuitem' : 'menuitemcheckbox'}
      aria-checked={pressed}
      disabled={command.enabled?.(room) === false}
      title={t(command.help)}
      data-command={command.id}
      onClick={() => command.run(room)}
    >
      {t(command.words, command.values)}
    </Menu.Item>
  )
}

export function PanelButtons() {
  const { t } = useTranslation()
  const { panel, openPanel } = useRoom()
  const panels = PANELS.filter(({ shape }) => shape !== 'sheet')
  if (panels.length === 0) return null
  return (
    <div className={classes.group} role="group" aria-label={t('room.panels')}>
      {panels.map(({ id, icon, words }) => (
        <ToolButton key={id} icon={icon} words={t(words)} pressed={panel === id} onClick={() => openPanel(panel === id ? undefined : id)} />
      ))}
    </div>
  )
}
