/** Whether this is a phone: known at the first drawing already, so that nothing of the desk is drawn first. */
import { useMediaQuery } from '@mantine/hooks'

import { PHONE } from '../theme/tokens'

export function usePhone(): boolean {
  return useMediaQuery(PHONE, false, { getInitialValueInEffect: false })
}
