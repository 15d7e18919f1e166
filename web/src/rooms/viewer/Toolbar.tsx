/** The toolbar: made from the registry of commands, and a button for each panel. */
import { Menu } from '@mantine/core'
import { useCallback, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../brand/Icon'
import { useStore } from '../../kit/store'
import { useViewState } from '../../viewport/StackPane'
import { type Command, type CommandGroup, COMMANDS, GROUPS } from './commands'
import { CommandCard } from './CommandCard'
import { useRoom } from './context'
import { GROUP_WORDS, MENU_ICONS } from './groups'
import { PANELS } from './panels'
import { MenuButton, ToolButton } from './ToolButton'
import classes from './Toolbar.module.css'

/** panels: false where their buttons stand elsewhere. */
export function Toolbar({ panels = true }: { readonly panels?: boolean }) {
  const { t } = useTranslation()
  const { view, history } = useRoom()
  useViewState(view)
  useStore(history.state)
  useWatched()
  return (
    <div className={classes.bar} role="toolbar" aria-label={t('viewer.tools')}>
      {GROUPS.map((group) => (
        <Group key={group} group={group} />
      ))}
      {panels && <PanelButtons />}
    </div>
  )
}

/** Draws again when anything changes that a command is read from. */
function useWatched(): void {
  const watched = COMMANDS.flatMap(({ watches = [] }) => watches)
  const subscribe = useCallback(
    (listener: () => void) => {
      const ends = watched.map((store) => store.subscribe(listener))
      return () => ends.forEach((end) => end())
    },
    // oxlint-disable-next-line react/exhaustive-deps -- the registry does not change
    [],
  )
  useSyncExternalStore(subscribe, () => watched.map((store) => JSON.stringify(store.get())).join('\n'))
}

function Group({ group }: { readonly group: CommandGroup }) {
  const { t } = useTranslation()
  const mine = COMMANDS.filter((command) => command.group === group)
  const onBar = mine.filter(({ place }) => place === 'bar')
  const inMenu = mine.filter(({ place = 'menu' }) => place === 'menu')
  if (onBar.length + inMenu.length === 0) return null
  return (
    <div className={classes.group} role="group" aria-label={t(GROUP_WORDS[group])} data-group={group}>
      {onBar.map((command) => (command.Control ? <command.Control key={command.id} /> : <Button key={command.id} command={command} />))}
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

function Button({ command }: { readonly command: Command }) {
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
