/** Buttons of the toolbar. */
import { Menu, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'

import { Icon, type IconName } from '../../brand/Icon'
import classes from './Toolbar.module.css'

interface ToolButtonProps {
  readonly id?: string
  readonly icon: IconName
  readonly words: string
  /** What appears on hovering or focusing; the words where there is none. */
  readonly card?: ReactNode
  readonly pressed?: boolean
  readonly disabled?: boolean
  readonly onClick: () => void
}

export function ToolButton({ id, icon, words, card, pressed, disabled = false, onClick }: ToolButtonProps) {
  return (
    <Tooltip label={card ?? words} events={{ hover: true, focus: true, touch: false }} multiline={card !== undefined} maw="20rem">
      <button
        type="button"
        className={classes.tool}
        aria-label={words}
        aria-pressed={pressed}
        aria-disabled={disabled}
        data-command={id}
        onClick={disabled ? undefined : onClick}
      >
        <Icon name={icon} />
      </button>
    </Tooltip>
  )
}

export function MenuButton({ icon, words, children }: { readonly icon: IconName; readonly words: string; readonly children: ReactNode }) {
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button type="button" className={classes.tool} aria-label={words} title={words}>
          <Icon name={icon} />
          <Icon name="down" size={12} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  )
}
