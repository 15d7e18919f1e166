/** Choosing how many viewports there are, and whether the active one is a mosaic. */
import { Menu } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Icon, type IconName } from '../../brand/Icon'
import { useViewPart } from '../../viewport/use-view-state'
import { useRoom } from './context'
import classes from './LayoutMenu.module.css'
import { MenuButton } from './ToolButton'
import { cellCount, type Layout, MOST_COLUMNS, MOST_ROWS, sameLayout } from './viewer-state'

const USUAL: readonly { layout: Layout; icon: IconName; words: 'viewer.layout1' | 'viewer.layout2' | 'viewer.layout4' }[] = [
  { layout: { rows: 1, columns: 1 }, icon: 'layout1', words: 'viewer.layout1' },
  { layout: { rows: 1, columns: 2 }, icon: 'layout2', words: 'viewer.layout2' },
  { layout: { rows: 2, columns: 2 }, icon: 'layout4', words: 'viewer.layout4' },
]

const ALL: readonly Layout[] = Array.from({ length: MOST_ROWS * MOST_COLUMNS }, (_, index) => ({
  rows: 1 + Math.floor(index / MOST_COLUMNS),
  columns: 1 + (index % MOST_COLUMNS),
}))

const MOSAICS: readonly Layout[] = [
  { rows: 2, columns: 2 },
  { rows: 2, columns: 3 },
  { rows: 3, columns: 4 },
  { rows: 4, columns: 4 },
]

export function LayoutMenu() {
  const { t } = useTranslation()
  const { state, dispatch } = useRoom()
  const { layout } = state
  const icon = cellCount(layout) === 1 ? 'layout1' : layout.rows === 1 ? 'layout2' : 'layout4'
  return (
    <MenuButton icon={icon} words={t('viewer.layout')}>
      {USUAL.map((choice) => (
        <Menu.Item
          key={choice.words}
          leftSection={<Icon name={choice.icon} size={18} />}
          aria-current={sameLayout(choice.layout, layout)}
          onClick={() => dispatch({ type: 'layout', layout: choice.layout })}
          data-layout={cellCount(choice.layout)}
        >
          {t(choice.words)}
        </Menu.Item>
      ))}
      <Menu.Label>{t('room.rowsAndColumns')}</Menu.Label>
      <Grid choices={ALL} words="room.rowsByColumns" chosen={layout} onChoose={(chosen) => dispatch({ type: 'layout', layout: chosen })} />
      <Mosaics />
    </MenuButton>
  )
}

function Mosaics() {
  const { t } = useTranslation()
  const { state, view, dispatch } = useRoom()
  const { mosaic } = state.cells[state.active] ?? {}
  const several = useViewPart(view, ({ count }) => count > 1)
  if (!mosaic && !several) return null
  return (
    <>
      <Menu.Label>{t('room.mosaicOf')}</Menu.Label>
      <Grid choices={MOSAICS} words="room.mosaicByColumns" chosen={mosaic} onChoose={(chosen) => dispatch({ type: 'mosaic', mosaic: chosen })} />
      {mosaic && <Menu.Item onClick={() => dispatch({ type: 'mosaic', mosaic: undefined })}>{t('room.oneImage')}</Menu.Item>}
    </>
  )
}

interface GridProps {
  readonly choices: readonly Layout[]
  readonly words: 'room.rowsByColumns' | 'room.mosaicByColumns'
  readonly chosen: Layout | undefined
  readonly onChoose: (layout: Layout) => void
}

function Grid({ choices, words, chosen, onChoose }: GridProps) {
  const { t } = useTranslation()
  return (
    <div className={classes.grid} role="group">
      {choices.map((layout) => (
        <Menu.Item
          key={`${layout.rows}-${layout.columns}`}
          className={classes.choice}
          aria-label={t(words, { ...layout })}
          aria-current={chosen && sameLayout(layout, chosen)}
          title={t(words, { ...layout })}
          onClick={() => onChoose(layout)}
        >
          {`${layout.rows} × ${layout.columns}`}
        </Menu.Item>
      ))}
    </div>
  )
}
