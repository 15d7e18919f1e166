/** Where one can go: on a desk a row of links, on a phone a menu. Only rooms that the role may enter. */
import { ActionIcon, Indicator, Menu, UnstyledButton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useRouterState } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { qualityTasksQuery } from '../api/quality'
import { Icon, type IconName } from '../brand/Icon'
import { PHONE } from '../theme/tokens'
import classes from './Navigation.module.css'
import { useMay } from './rights'

interface Place {
  readonly to: '/' | '/quality' | '/patients' | '/destinations' | '/senders' | '/deleted'
  readonly words: string
  readonly icon: IconName
  readonly count?: number
}

export function Navigation() {
  const phone = useMediaQuery(PHONE)
  return phone ? <PhoneMenu /> : <DeskRow />
}

/** The rooms of daily work, and those of administration. */
function usePlaces(): { readonly daily: readonly Place[]; readonly administration: readonly Place[] } {
  const { t } = useTranslation()
  const may = useMay()
  const count = useQuery({ ...qualityTasksQuery('open', ''), enabled: may('correct') }).data?.count
  const daily: Place[] = [{ to: '/', words: t('menu.studies'), icon: 'scroll' }]
  if (may('correct')) {
    daily.push({ to: '/patients', words: t('menu.patients'), icon: 'people' }, { to: '/quality', words: t('menu.quality'), icon: 'tasks', count })
  }
  const administration: Place[] = []
  if (may('manage-destinations')) administration.push({ to: '/destinations', words: t('menu.destinations'), icon: 'send' })
  if (may('manage-devices')) administration.push({ to: '/senders', words: t('menu.senders'), icon: 'signal' })
  if (may('recover')) administration.push({ to: '/deleted', words: t('menu.deleted'), icon: 'bin' })
  return { daily, administration }
}

function useHere(): string {
  return useRouterState({ select: (state) => state.location.pathname })
}

function DeskRow() {
  const { t } = useTranslation()
  const here = useHere()
  const { daily, administration } = usePlaces()
  if (daily.length === 1 && administration.length === 0) return null
  return (
    <nav className={classes.row} aria-label={t('menu.navigation')}>
      {daily.map((place) => (
        <Link key={place.to} to={place.to} className={classes.link} data-here={here === place.to} aria-current={here === place.to ? 'page' : undefined}>
          {place.words}
          {place.count ? (
            <span className={classes.badge} data-testid="quality-count">
              {place.count}
            </span>
          ) : null}
        </Link>
      ))}
      {administration.length > 0 && (
        <Menu position="bottom-start" width={220}>
          <Menu.Target>
            <UnstyledButton className={classes.link} data-here={administration.some((place) => place.to === here)}>
              {t('menu.administration')}
              <Icon name="down" size={14} />
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            <Places places={administration} />
          </Menu.Dropdown>
        </Menu>
      )}
    </nav>
  )
}

function PhoneMenu() {
  const { t } = useTranslation()
  const { daily, administration } = usePlaces()
  if (daily.length === 1 && administration.length === 0) return null
  const waiting = daily.some((place) => place.count)
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" radius="xl" aria-label={t('menu.navigation')}>
          <Indicator disabled={!waiting} size={8} offset={2}>
            <Icon name="menu" />
          </Indicator>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Places places={daily} />
        {administration.length > 0 && <Menu.Divider />}
        <Places places={administration} />
      </Menu.Dropdown>
    </Menu>
  )
}

function Places({ places }: { readonly places: readonly Place[] }) {
  const navigate = useNavigate()
  const here = useHere()
  return places.map((place) => (
    <Menu.Item
      key={place.to}
      leftSection={<Icon name={place.icon} size={18} />}
      rightSection={place.count ? <span className={classes.badge}>{place.count}</span> : null}
      aria-current={here === place.to ? 'page' : undefined}
      onClick={() => void navigate({ to: place.to })}
    >
      {place.words}
    </Menu.Item>
  ))
}
