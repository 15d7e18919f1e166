/**
 * The pages of administration, once: where they are, what they are called, and whose they are.
 * A new page is one line here, one route in routes.tsx under administrationRoute, and its words under `administration.sections`.
 */
import type { LinkProps } from '@tanstack/react-router'

import type { IconName } from '../../brand/Icon'
import { useMay } from '../../frame/rights'
import type { en } from '../../i18n/en'

export type SectionName = keyof typeof en.administration.sections
export type GroupName = keyof typeof en.administration.groups

export interface Section {
  readonly name: SectionName
  readonly to: LinkProps['to']
  readonly icon: IconName
  /** Any one of these rights opens it. */
  readonly rights: readonly string[]
}

interface Group {
  readonly name: GroupName
  readonly sections: readonly Section[]
}

const GROUPS: readonly Group[] = [
  {
    name: 'people',
    sections: [
      { name: 'institutions', to: '/administration/institutions', icon: 'building', rights: ['manage-institution', 'manage-region'] },
      { name: 'departments', to: '/administration/departments', icon: 'departments', rights: ['manage-institution'] },
      { name: 'people', to: '/administration/people', icon: 'people', rights: ['manage-users'] },
      { name: 'programs', to: '/administration/programs', icon: 'program', rights: ['manage-users'] },
    ],
  },
  {
    name: 'network',
    sections: [
      { name: 'devices', to: '/administration/devices', icon: 'device', rights: ['manage-devices'] },
      { name: 'destinations', to: '/administration/destinations', icon: 'send', rights: ['manage-destinations'] },
      { name: 'senders', to: '/administration/senders', icon: 'signal', rights: ['manage-devices'] },
    ],
  },
  {
    name: 'sharing',
    sections: [
      { name: 'alliances', to: '/administration/alliances', icon: 'building', rights: ['manage-region'] },
      { name: 'sharing', to: '/administration/sharing-rules', icon: 'sharing', rights: ['manage-sharing'] },
      { name: 'restrictions', to: '/administration/restrictions', icon: 'lock', rights: ['restrict'] },
      { name: 'reviews', to: '/administration/access-reviews', icon: 'eye', rights: ['review-access'] },
    ],
  },
  {
    name: 'security',
    sections: [
      { name: 'policy', to: '/administration/signing-in', icon: 'lock', rights: ['manage-security'] },
      { name: 'providers', to: '/administration/identity-providers', icon: 'key', rights: ['manage-security', 'manage-users'] },
      { name: 'certificates', to: '/administration/certificates', icon: 'certificate', rights: ['manage-security'] },
      { name: 'audit', to: '/administration/audit', icon: 'history', rights: ['read-audit'] },
      { name: 'sessions', to: '/administration/signed-in-devices', icon: 'account', rights: ['manage-security'] },
    ],
  },
  {
    name: 'studies',
    sections: [
      { name: 'deleted', to: '/administration/deleted', icon: 'bin', rights: ['recover'] },
      { name: 'retention', to: '/administration/retention', icon: 'calendar', rights: ['approve-destruction', 'manage-storage'] },
      { name: 'displays', to: '/administration/displays', icon: 'screen', rights: ['manage-institution'] },
    ],
  },
  {
    name: 'running',
    sections: [
      { name: 'operations', to: '/administration/operations', icon: 'signal', rights: ['see-operations'] },
      { name: 'continuity', to: '/administration/continuity', icon: 'copy', rights: ['see-operations'] },
      { name: 'storages', to: '/administration/storages', icon: 'disc', rights: ['manage-storage', 'see-operations'] },
    ],
  },
]

/** What the person signed in may administer, in groups; empty when that is nothing. */
export function useSections(): readonly Group[] {
  const may = useMay()
  return GROUPS.map((group) => ({ ...group, sections: group.sections.filter((section) => section.rights.some(may)) })).filter(
    (group) => group.sections.length > 0,
  )
}
