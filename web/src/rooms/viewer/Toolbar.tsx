/** The tools of the viewer. */
import { Menu, NumberInput, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon, type IconName } from '../../brand/Icon'
import { useViewState } from '../../viewport/StackPane'
import type { StackView } from '../../viewport/stack-view'
import { type ToolName, TOOLS } from '../../viewport/tools'
import type { Commands } from './commands'
import { useNamedWindows } from './presets'
import classes from './Toolbar.module.css'
import type { Layout, ViewerState } from './viewer-state'

interface ToolbarProps {
  readonly state: ViewerState
  readonly view: StackView | undefined
  readonly commands: Commands
}

const TOOL_KEYS: Readonly<Record<ToolName, string>> = { window: 'W', scroll: 'S', zoom: 'Z', pan: 'P' }

export function Toolbar({ state, view, commands }: ToolbarProps) {
  const { t } = useTranslation()
  return (
    <div className={classes.bar} role="toolbar" aria-label={t('viewer.tools')}>
      <div className={classes.group} role="group">
        {TOOLS.map((tool) => (
          <Tool
            key={tool}
            icon={tool}
            words={t(`viewer.${tool}`)}
            keyName={TOOL_KEYS[tool]}
            pressed={state.tool === tool}
            onClick={() => commands.chooseTool(tool)}
          />
        ))}
        <Presets view={view} />
      </div>
      <div className={classes.group} role="group">
        <Tool icon="invert" words={t('viewer.invert')} keyName="I" onClick={() => view?.toggleInvert()} />
        <Tool icon="rotate" words={t('viewer.rotate')} keyName="R" onClick={() => view?.rotate(90)} />
        <Tool icon="flipHorizontal" words={t('viewer.flipHorizontal')} keyName="H" onClick={() => view?.flip('horizontal')} />
        <Tool icon="flipVertical" words={t('viewer.flipVertical')} keyName="V" onClick={() => view?.flip('vertical')} />
        <Tool icon="reset" words={t('viewer.reset')} keyName="0" onClick={() => view?.reset()} />
      </div>
      <Cine view={view} />
      <div className={classes.group} role="group">
        <Layouts layout={state.layout} onChoose={(layout) => commands.chooseLayout(layout)} />
        <Tool icon="help" words={t('viewer.help')} keyName="?" onClick={() => commands.toggleHelp()} />
      </div>
    </div>
  )
}

interface ToolProps {
  readonly icon: IconName
  readonly words: string
  readonly keyName?: string
  readonly pressed?: boolean
  readonly onClick?: () => void
}

function Tool({ icon, words, keyName, pressed, onClick }: ToolProps) {
  return (
    <Tooltip label={keyName ? `${words}  (${keyName})` : words}>
      <button type="button" className={classes.tool} aria-label={words} aria-pressed={pressed} onClick={onClick}>
        <Icon name={icon} />
      </button>
    </Tooltip>
  )
}

function MenuTool({ icon, words, children }: { readonly icon: IconName; readonly words: string; readonly children: ReactNode }) {
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

function Presets({ view }: { readonly view: StackView | undefined }) {
  const { t } = useTranslation()
  const windows = useNamedWindows()(useViewState(view).imageId)
  return (
    <MenuTool icon="presets" words={t('viewer.presets')}>
      {windows.length === 0 && <Menu.Label>{t('common.none')}</Menu.Label>}
      {windows.map((preset, index) => (
        <Menu.Item
          key={`${preset.label}-${preset.centre}-${preset.width}`}
          onClick={() => view?.setWindow(preset)}
          rightSection={<span className={classes.key}>{index < 9 ? index + 1 : ''}</span>}
        >
          <span className={classes.preset}>
            {preset.label}
            <span>{`${Math.round(preset.centre)} / ${Math.round(preset.width)}`}</span>
          </span>
        </Menu.Item>
      ))}
    </MenuTool>
  )
}

function Layouts({ layout, onChoose }: { readonly layout: Layout; readonly onChoose: (layout: Layout) => void }) {
  const { t } = useTranslation()
  const choices: [Layout, IconName, string][] = [
    [1, 'layout1', t('viewer.layout1')],
    [2, 'layout2', t('viewer.layout2')],
    [4, 'layout4', t('viewer.layout4')],
  ]
  return (
    <MenuTool icon={layout === 1 ? 'layout1' : layout === 2 ? 'layout2' : 'layout4'} words={t('viewer.layout')}>
      {choices.map(([value, icon, words]) => (
        <Menu.Item
          key={value}
          leftSection={<Icon name={icon} size={18} />}
          aria-current={value === layout}
          onClick={() => onChoose(value)}
          data-layout={value}
        >
          {words}
        </Menu.Item>
      ))}
    </MenuTool>
  )
}

function Cine({ view }: { readonly view: StackView | undefined }) {
  const { t } = useTranslation()
  const { playing, framesPerSecond, count } = useViewState(view)
  if (count < 2) return null
  return (
    <div className={classes.group} role="group">
      <Tool
        icon={playing ? 'pause' : 'play'}
        words={playing ? t('viewer.pause') : t('viewer.play')}
        keyName="␣"
        onClick={() => (playing ? view?.pause() : view?.play())}
      />
      <NumberInput
        className={classes.rate}
        size="xs"
        min={1}
        max={60}
        aria-label={t('viewer.frameRate')}
        title={t('viewer.frameRate')}
        suffix=" fps"
        value={framesPerSecond}
        onChange={(value) => {
          if (typeof value === 'number' && value >= 1) view?.setFrameRate(Math.min(60, value))
        }}
      />
    </div>
  )
}
