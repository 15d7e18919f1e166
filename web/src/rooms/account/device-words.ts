/** A signed-in device in words. */
import { useTranslation } from 'react-i18next'

import type { SignedInDevice } from '../../api/sign-in'
import type { en } from '../../i18n/en'
import { browserName } from '../../kit/browser-name'

type Method = keyof typeof en.comingIn.devices.methods

/** "Firefox on Windows". */
export function useDeviceName(): (device: SignedInDevice) => string {
  const { t } = useTranslation()
  return (device) => {
    const { browser, system } = browserName(device.user_agent)
    if (browser && system) return t('comingIn.devices.on', { browser, system })
    return browser ?? system ?? t('comingIn.devices.unknown')
  }
}

/** "password and second factor". */
export function useMethodWords(): (device: SignedInDevice) => string {
  const { t } = useTranslation()
  return (device) => {
    const method = t(`comingIn.devices.methods.${device.method as Method}`)
    return device.second_factor && device.method !== 'passkey' ? t('comingIn.devices.andFactor', { method }) : method
  }
}
