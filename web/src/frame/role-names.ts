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

/** A function from the server's word for a role to its name in the language of the page. */
export function useRoleName(): (role: string) => string {
  const { t } = useTranslation()
  return (role) => {
    const known = ROLES.find((word) => word === role)
    return known ? t(`roles.${known}`) : role
  }
}
