/** Which roles a person holds: grouped, each with what it means; powers that are kept apart close each other off. */
import { Checkbox, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { ROLES_OF_STAFF, useRoleName } from '../../../frame/role-names'
import { useMay } from '../../../frame/rights'
import classes from './People.module.css'

/** GB/T 22239-2019 8.1.5: nobody holds two of these powers. */
const POWERS: readonly (readonly string[])[] = [['administrator', 'region-administrator'], ['security-officer'], ['auditor']]

function closedOff(role: string, chosen: readonly string[]): boolean {
  const own = POWERS.find((power) => power.includes(role))
  return own !== undefined && POWERS.some((power) => power !== own && power.some((each) => chosen.includes(each)))
}

interface RolesFieldProps {
  readonly chosen: readonly string[]
  readonly onChange: (roles: readonly string[]) => void
}

export function RolesField({ chosen, onChange }: RolesFieldProps) {
  const { t } = useTranslation()
  const may = useMay()
  const roleName = useRoleName()
  return (
    <Checkbox.Group label={t('manage.people.roles')} value={[...chosen]} onChange={onChange}>
      <div className={classes.roles}>
        {ROLES_OF_STAFF.map((group) => (
          <Stack key={group.name} gap="xs" role="group" aria-label={t(`manage.people.${group.name}`)}>
            <Text size="xs" c="dimmed" fw={500}>
              {t(`manage.people.${group.name}`)}
            </Text>
            {group.roles.map((role) => (
              <Checkbox
                key={role}
                value={role}
                label={roleName(role)}
                description={t(`manage.roleMeans.${role}`)}
                disabled={closedOff(role, chosen) || (role === 'region-administrator' && !may('manage-region'))}
              />
            ))}
            {group.name === 'running' && (
              <Text size="xs" c="dimmed">
                {t('manage.people.apart')}
              </Text>
            )}
          </Stack>
        ))}
      </div>
    </Checkbox.Group>
  )
}
