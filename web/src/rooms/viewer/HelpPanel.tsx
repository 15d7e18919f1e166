/** What every command is for, and what keys, mouse and fingers do. */
import { Kbd } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { CommandKeys } from './CommandCard'
import { COMMANDS } from './commands'
import classes from './HelpPanel.module.css'

type Line = readonly [key: string, words: string]

export function HelpPanel() {
  const { t } = useTranslation()
  const mouse: Line[] = [
    [t('help.keyWheel'), t('help.wheel')],
    [t('help.keyLeft'), t('help.leftDrag')],
    [t('help.keyMiddle'), t('help.middleDrag')],
    [t('help.keyRight'), t('help.rightDrag')],
  ]
  const touch: Line[] = [
    [t('help.keyOneFinger'), t('help.oneFinger')],
    [t('help.keyTwoFingers'), t('help.twoFingers')],
  ]
  return (
    <div className={classes.columns}>
      <section className={classes.wide}>
        <h3>{t('help.keyboard')}</h3>
        <dl className={classes.lines}>
          {COMMANDS.map((command) => (
            <div key={command.id}>
              <dt>
                {t(command.words, command.values)} <CommandKeys command={command} />
              </dt>
              <dd>{t(command.help)}</dd>
            </div>
          ))}
        </dl>
      </section>
      <Lines title={t('help.mouse')} lines={mouse} />
      <Lines title={t('help.touch')} lines={touch} />
    </div>
  )
}

function Lines({ title, lines }: { readonly title: string; readonly lines: readonly Line[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <dl className={classes.lines}>
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
