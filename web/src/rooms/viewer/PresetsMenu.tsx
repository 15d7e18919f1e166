/** The windows offered for the image in the active cell; one's own are kept and forgotten here. */
import { Menu } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { frameOf } from '../../viewport/known-frames'
import { useViewPart, useViewState } from '../../viewport/use-view-state'
import { useRoom } from './context'
import { forgetOwnWindow, keepOwnWindow, useOwnWindows, windowWords } from './presets'
import { MenuButton } from './ToolButton'
import classes from './Toolbar.module.css'
import { changing } from './view-changes'

export function PresetsMenu() {
  const { t } = useTranslation()
  return (
    <MenuButton icon="presets" words={t('viewer.presets')}>
      <Offered />
      <OwnWindows />
    </MenuButton>
  )
}

function Offered() {
  const { t } = useTranslation()
  const room = useRoom()
  useViewPart(room.view, ({ imageId }) => imageId)
  const offered = room.windows()
  return (
    <>
      {offered.length === 0 && <Menu.Label>{t('common.none')}</Menu.Label>}
      {offered.map((preset, index) => (
        <Menu.Item
          key={`${preset.label}-${preset.detail}`}
          onClick={() => {
            const voi = preset.voi()
            if (voi) changing(room, (view) => view.setVoi(voi))
          }}
          rightSection={<span className={classes.key}>{index < 9 ? index + 1 : ''}</span>}
        >
          <span className={classes.preset}>
            {preset.label}
            <span>{preset.detail}</span>
          </span>
        </Menu.Item>
      ))}
    </>
  )
}

function OwnWindows() {
  const { t } = useTranslation()
  const { voi, imageId } = useViewState(useRoom().view)
  const modality = frameOf(imageId)?.modality
  const own = useOwnWindows().filter((one) => one.modality === modality)
  if (modality === undefined) return null
  return (
    <>
      <Menu.Divider />
      {voi?.kind === 'window' && (
        <Menu.Item onClick={() => keepOwnWindow({ modality, centre: voi.centre, width: voi.width, voiFunction: voi.voiFunction })}>
          {t('seeing.keepWindow', { window: windowWords(voi), modality })}
        </Menu.Item>
      )}
      {own.map((one) => (
        <Menu.Item key={windowWords(one)} onClick={() => forgetOwnWindow(one)}>
          {t('seeing.forgetWindow', { window: windowWords(one) })}
        </Menu.Item>
      ))}
    </>
  )
}
