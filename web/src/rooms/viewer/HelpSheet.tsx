/** What keys, mouse and fingers do. */
import { Kbd, Modal } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import classes from './HelpSheet.module.css'

type Line = readonly [keys: readonly string[], words: string]

export function HelpSheet({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const keyboard: Line[] = [
    [['↑', '↓'], t('help.previousNext')],
    [['Home', 'End'], t('help.firstLast')],
    [['PgUp', 'PgDn'], t('help.page')],
    [['[', ']'], t('help.series')],
    [['N'], t('help.cell')],
    [['W'], t('help.toolWindow')],
    [['S'], t('help.toolScroll')],
    [['Z'], t('help.toolZoom')],
    [['P'], t('help.toolPan')],
    [['I'], t('help.invert')],
    [['R'], t('help.rotate')],
    [['H', 'V'], t('help.flip')],
    [['0'], t('help.reset')],
    [['Space'], t('help.cine')],
    [['+', '−'], t('help.zoomInOut')],
    [['1', '9'], t('help.preset')],
    [['⇧1', '⇧2', '⇧4'], t('help.layouts')],
    [['Esc'], t('help.back')],
    [['?'], t('help.help')],
  ]
  const mouse: Line[] = [
    [[t('help.keyWheel')], t('help.wheel')],
    [[t('help.keyLeft')], t('help.leftDrag')],
    [[t('help.keyMiddle')], t('help.middleDrag')],
    [[t('help.keyRight')], t('help.rightDrag')],
  ]
  const touch: Line[] = [
    [[t('help.keyOneFinger')], t('help.oneFinger')],
    [[t('help.keyTwoFingers')], t('help.twoFingers')],
  ]
  return (
    <Modal opened={opened} onClose={onClose} title={t('help.title')} size="xl" closeButtonProps={{ 'aria-label': t('common.close') }}>
      <div className={classes.columns}>
        <Lines title={t('help.keyboard')} lines={keyboard} wide />
        <Lines title={t('help.mouse')} lines={mouse} />
        <Lines title={t('help.touch')} lines={touch} />
      </div>
    </Modal>
  )
}

function Lines({ title, lines, wide = false }: { readonly title: string; readonly lines: readonly Line[]; readonly wide?: boolean }) {
  return (
    <section className={wide ? classes.wide : undefined}>
      <h3>{title}</h3>
      <dl className={classes.lines}>
        {lines.map(([keys, words]) => (
          <div key={words}>
            <dt>
              {keys.map((key) => (
                <Kbd key={key} size="xs">
                  {key}
                </Kbd>
              ))}
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
