/** Choosing how many viewports there are. */
import { Menu } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Icon, type IconName } from '../../brand/Icon'
import { useRoom } from './context'
import { MenuButton } from './ToolButton'
import { cellCount, type Layout } from './viewer-state'

const CHOICES: readonly { layout: Layout; icon: IconName; words: 'viewer.layout1' | 'viewer.layout2' | 'viewer.layout4' }[] = [
  { layout: { rows: 1, columns: 1 }, icon: 'layout1', words: 'viewer.layout1' },
  { layout: { rows: 1, columns: 2 }, icon: 'layout2', words: 'viewer.layout2' },
  { layout: { rows: 2, columns: 2 }, icon: 'layout4', words: 'viewer.layout4' },
]

export function LayoutMenu() {
  const { t } = useTranslation()
  const { state, dispatch } = useRoom()
  const { rows, columns } = state.layout
  const icon = cellCount(state.layout) === 1 ? 'layout1' : rows === 1 ? 'layout2' : 'layout4'
  return (
    <MenuButton icon={icon} words={t('viewer.layout')}>
      {CHOICES.map((choice) => (
        <Menu.Item
          key={choice.words}
          leftSection={<Icon name={choice.icon} size={18} />}
          aria-current={choice.layout.rows === rows && choice.layout.columns === columns}
          onClick={() => dispatch({ type: 'layout', layout: choice.layout })}
          data-layout={cellCount(choice.layout)}
        >
          {t(choice.words)}
        </Menu.Item>
      ))}
    </MenuButton>
  )
}
