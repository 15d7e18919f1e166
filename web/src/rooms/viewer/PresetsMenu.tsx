/** The windows offered for the image in the active cell. */
import { Menu } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { useRoom } from './context'
import { MenuButton } from './ToolButton'
import classes from './Toolbar.module.css'
import { changing } from './view-changes'

export function PresetsMenu() {
  const { t } = useTranslation()
  const room = useRoom()
  return (
    <MenuButton icon="presets" words={t('viewer.presets')}>
      {room.windows.length === 0 && <Menu.Label>{t('common.none')}</Menu.Label>}
      {room.windows.map((preset, index) => (
        <Menu.Item
          key={`${preset.label}-${preset.centre}-${preset.width}`}
          onClick={() => changing(room, (view) => view.setWindow(preset))}
          rightSection={<span className={classes.key}>{index < 9 ? index + 1 : ''}</span>}
        >
          <span className={classes.preset}>
            {preset.label}
            <span>{`${Math.round(preset.centre)} / ${Math.round(preset.width)}`}</span>
          </span>
        </Menu.Item>
      ))}
    </MenuButton>
  )
}
