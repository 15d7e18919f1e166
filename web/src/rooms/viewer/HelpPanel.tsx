/** What every command is for, what keys, mouse and fingers do; and the place where the reader changes the keys. */
import { Kbd, Tabs } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { CommandKeys } from './CommandCard'
import { type CommandGroup, COMMANDS, GROUPS } from './commands'
import { GROUP_WORDS } from './groups'
import classes from './HelpPanel.module.css'
import { ShortcutEditor } from './ShortcutEditor'

type Line = readonly [key: string, words: string]

export function HelpPanel() {
  const { t } = useTranslation()
  return (
    <Tabs defaultValue="commands" keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="commands">{t('room.helpCommands')}</Tabs.Tab>
        <Tabs.Tab value="hand">{t('room.helpMouseAndTouch')}</Tabs.Tab>
        <Tabs.Tab value="keys">{t('room.changeKeys')}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="commands">
        {GROUPS.map((group) => (
          <Group key={group} group={group} />
        ))}
      </Tabs.Panel>
      <Tabs.Panel value="hand">
        <MouseAndTouch />
      </Tabs.Panel>
      <Tabs.Panel value="keys">
        <ShortcutEditor />
      </Tabs.Panel>
    </Tabs>
  )
}

function Group({ group }: { readonly group: CommandGroup }) {
  const { t } = useTranslation()
  // Nine presets are told once.
  const mine = COMMANDS.filter((command) => command.group === group && !/^preset-[2-9]$/.test(command.id))
  if (mine.length === 0) return null
  return (
    <section className={classes.group}>
      <h3>{t(GROUP_WORDS[group])}</h3>
      <dl className={classes.lines}>
        {mine.map((command) => (
          <div key={command.id}>
            <dt>
              {t(command.words, command.values)} <CommandKeys command={command} />
            </dt>
            <dd>{t(command.help)}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function MouseAndTouch() {
  const { t } = useTranslation()
  const mouse: Line[] = [
    [t('help.keyWheel'), t('help.wheel')],
    [t('help.keyLeft'), t('help.leftDrag')],
    [t('help.keyMiddle'), t('help.middleDrag')],
    [t('help.keyRight'), t('help.rightDrag')],
    [t('room.keyDouble'), t('room.doubleClick')],
  ]
  const touch: Line[] = [
    [t('help.keyOneFinger'), t('help.oneFinger')],
    [t('help.keyTwoFingers'), t('help.twoFingers')],
    [t('room.keyThreeFingers'), t('room.threeFingers')],
    [t('room.keyLongPress'), t('room.longPress')],
  ]
  return (
    <div className={classes.columns}>
      <Lines title={t('help.mouse')} lines={mouse} />
      <Lines title={t('help.touch')} lines={touch} />
    </div>
  )
}

function Lines({ title, lines }: { readonly title: string; readonly lines: readonly Line[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl className={classes.hands}>
        {lines.map(([key, words]) => (
          <div key={words}>
            <dt>
              <Kbd size="xs">{key}</Kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
