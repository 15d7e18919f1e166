/** What can be done with one study: at the end of its line, on its card and in the viewer's header. */
import { Menu } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { type ComponentPropsWithRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

import type { StudyRow } from '../../api/types'
import { Icon } from '../../brand/Icon'
import { useMay } from '../../frame/rights'
import { download } from './download'
import { begin } from './study-action'
import classes from './StudyMenu.module.css'

/** A list has many of these and few are opened: until then it is a button and nothing more. */
export function StudyMenu({ study }: { readonly study: StudyRow }) {
  const [used, setUsed] = useState(false)
  if (!used) return <MenuButton aria-haspopup="menu" aria-expanded={false} onClick={() => setUsed(true)} />
  return <OpenedMenu study={study} />
}

function MenuButton(props: ComponentPropsWithRef<'button'>) {
  const { t } = useTranslation()
  return (
    <button {...props} type="button" className={classes.button} aria-label={t('actions.menu')} data-study-menu>
      <Icon name="more" size={18} />
    </button>
  )
}

function OpenedMenu({ study }: { readonly study: StudyRow }) {
  const { t } = useTranslation()
  const may = useMay()
  const navigate = useNavigate()
  return (
    <Menu position="bottom-end" width={240} defaultOpened>
      <Menu.Target>
        <MenuButton />
      </Menu.Target>
      <Menu.Dropdown>
        {may('send') && (
          <Menu.Item leftSection={<Icon name="send" size={18} />} onClick={() => begin('send', [study])}>
            {t('actions.send')}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<Icon name="download" size={18} />} onClick={() => download([study], 'zip')}>
          {t('actions.downloadZip')}
        </Menu.Item>
        <Menu.Item leftSection={<Icon name="disc" size={18} />} onClick={() => download([study], 'pdi')}>
          {t('actions.downloadPdi')}
        </Menu.Item>
        {may('correct') && (
          <>
            <Menu.Divider />
            <Menu.Item leftSection={<Icon name="patient" size={18} />} onClick={() => begin('correct', [study])}>
              {t('actions.correct')}
            </Menu.Item>
            <Menu.Item
              leftSection={<Icon name="history" size={18} />}
              onClick={() =>
                void navigate({ to: '/studies/$studyInstanceUid/history', params: { studyInstanceUid: study.study_instance_uid } })
              }
            >
              {t('actions.history')}
            </Menu.Item>
          </>
        )}
        {may('recover') && (
          <>
            <Menu.Divider />
            <Menu.Item color="red" leftSection={<Icon name="bin" size={18} />} onClick={() => begin('delete', [study])}>
              {t('actions.delete')}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  )
}
