/** What can be done with the studies that are chosen in the list. */
import { ActionIcon, Button, Menu } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon, type IconName } from '../../brand/Icon'
import { useMay } from '../../frame/rights'
import { useStore } from '../../kit/store'
import classes from './ActionBar.module.css'
import { download } from './download'
import { chosenStudies, clearSelection } from './selected-studies'
import { begin } from './study-action'

export function ActionBar() {
  const { t } = useTranslation()
  const may = useMay()
  const studies = [...useStore(chosenStudies).chosen.values()]
  if (studies.length === 0) return null
  return (
    <section className={classes.place} aria-label={t('actions.bar')}>
      <div className={classes.bar} data-testid="action-bar">
        <div className={classes.chosen}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('actions.clear')} title={t('actions.clear')} onClick={clearSelection}>
            <Icon name="close" size={18} />
          </ActionIcon>
          <span className={classes.count} aria-live="polite">
            {t('actions.chosen', { count: studies.length })}
          </span>
        </div>
        <div className={classes.acts}>
          {may('send') && <Act icon="send" words={t('actions.send')} onClick={() => begin('send', studies)} />}
          <Menu position="top" width={250}>
            <Menu.Target>
              <Act icon="download" words={t('actions.download')} />
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<Icon name="download" size={18} />} onClick={() => download(studies, 'zip')}>
                {t('actions.downloadZip')}
              </Menu.Item>
              <Menu.Item leftSection={<Icon name="disc" size={18} />} onClick={() => download(studies, 'pdi')}>
                {t('actions.downloadPdi')}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          {may('correct') && <Act icon="patient" words={t('actions.correct')} onClick={() => begin('correct', studies)} />}
          {may('recover') && <Act icon="bin" words={t('actions.delete')} danger onClick={() => begin('delete', studies)} />}
        </div>
      </div>
    </section>
  )
}

interface ActProps {
  readonly icon: IconName
  readonly words: string
  readonly danger?: boolean
  readonly children?: ReactNode
}

/** A button with its words on a desk, and small words under it on a phone. The rest is for Menu.Target. */
function Act({ icon, words, danger = false, ...rest }: ActProps & React.ComponentPropsWithRef<'button'>) {
  return (
    <Button
      {...rest}
      variant="subtle"
      color={danger ? 'red' : undefined}
      size="sm"
      leftSection={<Icon name={icon} size={18} />}
      classNames={{ root: classes.act, inner: classes.inner, section: classes.section, label: classes.label }}
    >
      {words}
    </Button>
  )
}
