/** The names of roles as people read them. */
import { useTranslation } from 'react-i18next'

const ROLES = [
  'radiologist',
  'senior-radiologist',
  'technologist',
  'referring-physician',
  'registrar',
  'administrator',
  'region-administrator',
  'security-officer',
  'auditor',
  'teacher',
  'researcher',
  'patient',
  'service',
  'modality',
] as const
export type RoleWord = (typeof ROLES)[number]

/** What staff may hold, as it is chosen from. */
export const ROLES_OF_STAFF = [
  { name: 'reading', roles: ['radiologist', 'senior-radiologist', 'technologist', 'referring-physician', 'registrar'] },
  { name: 'running', roles: ['administrator', 'region-administrator', 'security-officer', 'auditor'] },
  { name: 'others', roles: ['teacher', 'researcher'] },
] as const satisfies readonly { readonly name: string; readonly roles: readonly RoleWord[] }[]

/** A function from the server's word for a role to its name in the language of the page. */
export function useRoleName(): (role: string) => string {
  const { t } = useTranslation()
  return (role) => {
    const known = ROLES.find((word) => word === role)
    return known ? t(`roles.${known}`) : role
  }
}
