/** Where one can go: on a desk a row of links, on a phone a menu. Only rooms that the role may enter. */
import { ActionIcon, Indicator, Menu } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useRouterState } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { qualityTasksQuery } from '../api/quality'
import { Icon, type IconName } from '../brand/Icon'
import { useSections } from '../rooms/administration/sections'
import classes from './Navigation.module.css'
import { useMay } from './rights'
import { usePhone } from './use-phone'

interface Place {
  readonly to: '/' | '/quality' | '/patients' | '/administration'
  readonly words: string
  readonly icon: IconName
  readonly count?: number
}

export function Navigation() {
  const phone = usePhone()
  return phone ? <PhoneMenu /> : <DeskRow />
}

/** The rooms that this person may enter; one alone is no choice. */
function usePlaces(): readonly Place[] {
  const { t } = useTranslation()
  const may = useMay()
  const administers = useSections().length > 0
  const count = useQuery({ ...qualityTasksQuery('open', ''), enabled: may('correct') }).data?.count
  const places: Place[] = []
  if (may('read')) places.push({ to: '/', words: t('menu.studies'), icon: 'scroll' })
  if (may('correct')) {
    places.push({ to: '/patients', words: t('menu.patients'), icon: 'people' }, { to: '/quality', words: t('menu.quality'), icon: 'tasks', count })
  }
  if (administers) places.push({ to: '/administration', words: t('menu.administration'), icon: 'settings' })
  return places.length > 1 || administers ? places : []
}

/** The room one is in, by the first part of the address. */
function useHere(): string {
  return useRouterState({ select: (state) => `/${state.location.pathname.split('/')[1]}` })
}

function DeskRow() {
  const { t } = useTranslation()
  const here = useHere()
  const places = usePlaces()
  if (places.length === 0) return null
  return (
    <nav className={classes.row} aria-label={t('menu.navigation')}>
      {places.map((place) => (
        <Link key={place.to} to={place.to} className={classes.link} data-here={here === place.to} aria-current={here === place.to ? 'page' : undefined}>
          {place.words}
          {place.count ? (
            <span className={classes.badge} data-testid="quality-count">
              {place.count}
            </span>
          ) : null}
        </Link>
      ))}
    </nav>
  )
}

function PhoneMenu() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const here = useHere()
  const places = usePlaces()
  if (places.length === 0) return null
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" radius="xl" aria-label={t('menu.navigation')}>
          <Indicator className={classes.waiting} disabled={!places.some((place) => place.count)} size={8} offset={2}>
            <Icon name="menu" />
          </Indicator>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {places.map((place) => (
          <Menu.Item
            key={place.to}
            leftSection={<Icon name={place.icon} size={18} />}
            rightSection={place.count ? <span className={classes.badge}>{place.count}</span> : null}
            aria-current={here === place.to ? 'page' : undefined}
            onClick={() => void navigate({ to: place.to })}
          >
            {place.words}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
