/** Recent transfers, beside whatever is on screen. */
import { ActionIcon, Drawer, Indicator } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { isMoving, transfersQuery } from '../../api/transfers'
import { Icon } from '../../brand/Icon'
import { Nothing } from '../../frame/Nothing'
import { Refusal } from '../../frame/Refusal'
import { createStore, useStore } from '../../kit/store'
import { TransferLine } from './TransferLine'
import classes from './TransfersPanel.module.css'

const open = createStore(false)
const close = () => open.set(false)

/** Opens the panel, and says while something is on its way. */
export function TransfersButton() {
  const { t } = useTranslation()
  const { data } = useQuery(transfersQuery)
  const moving = data?.filter(isMoving).length ?? 0
  return (
    <Indicator disabled={moving === 0} label={moving} size={16} color="petrol" offset={5}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        radius="xl"
        aria-label={moving > 0 ? t('transfers.openMoving', { count: moving }) : t('transfers.open')}
        title={t('transfers.title')}
        onClick={() => open.set(true)}
      >
        <Icon name="send" />
      </ActionIcon>
    </Indicator>
  )
}

export function TransfersPanel() {
  const { t } = useTranslation()
  const opened = useStore(open)
  return (
    <Drawer
      opened={opened}
      onClose={close}
      position="right"
      overlayProps={{ backgroundOpacity: 0.4 }}
      size="26rem"
      title={t('transfers.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Recent />
    </Drawer>
  )
}

function Recent() {
  const { t } = useTranslation()
  const { data, error } = useQuery(transfersQuery)
  if (error) return <Refusal error={error} />
  if (!data) return null
  if (data.length === 0) return <Nothing title={t('transfers.none')} detail={t('transfers.noneDetail')} />
  return (
    <ul className={classes.list}>
      {data.map((transfer) => (
        <TransferLine key={transfer.transfer_id} transfer={transfer} onOpen={close} />
      ))}
    </ul>
  )
}
