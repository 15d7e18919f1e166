/** Where a panel opens: at the right side, on the phone as a sheet from below; a sheet over the room where the panel asks for one. */
import { Modal } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../brand/Icon'
import { useRoom } from './context'
import classes from './PanelPlace.module.css'
import { PANELS } from './panels'

export function PanelPlace() {
  const { t } = useTranslation()
  const { panel: open, openPanel } = useRoom()
  const close = () => openPanel(undefined)
  const beside = PANELS.find(({ id, shape }) => id === open && shape !== 'sheet')
  return (
    <>
      {PANELS.filter(({ shape }) => shape === 'sheet').map(({ id, words, Panel }) => (
        <Modal
          key={id}
          opened={open === id}
          onClose={close}
          title={t(words)}
          size="xl"
          // A finger that lifts after a long press must not close what it opened.
          closeOnClickOutside={false}
          closeButtonProps={{ 'aria-label': t('common.close') }}
        >
          <Panel onClose={close} />
        </Modal>
      ))}
      {beside && (
        <aside className={classes.panel} aria-label={t(beside.words)} data-panel={beside.id}>
          <header className={classes.head}>
            <h2>{t(beside.words)}</h2>
            <button type="button" className={classes.close} aria-label={t('common.close')} onClick={close}>
              <Icon name="close" size={18} />
            </button>
          </header>
          <div className={classes.body}>
            <beside.Panel onClose={close} />
          </div>
        </aside>
      )}
    </>
  )
}
