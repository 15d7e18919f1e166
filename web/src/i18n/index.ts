/** The languages of the client. The choice is kept on this device before sign-in, and in the account after it. */
import i18next from 'i18next'
import { initReactI18next } from 'react-i18next'

import { en } from './en'
import { zhCN } from './zh-CN'

export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const
export type Language = keyof typeof LANGUAGES

const KEPT_AT = 'isocenter.language'

export function asLanguage(wanted: string | null | undefined): Language {
  return wanted?.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

function rememberedLanguage(): Language {
  try {
    return asLanguage(localStorage.getItem(KEPT_AT) ?? navigator.language)
  } catch {
    return asLanguage(navigator.language)
  }
}

export function applyLanguage(wanted: string): void {
  const language = asLanguage(wanted)
  document.documentElement.lang = language
  try {
    localStorage.setItem(KEPT_AT, language)
  } catch {
    // Storage may be forbidden; the language then lasts until the page is closed.
  }
  if (i18next.language !== language) void i18next.changeLanguage(language)
}

const first = rememberedLanguage()
document.documentElement.lang = first

void i18next.use(initReactI18next).init({
  lng: first,
  fallbackLng: 'en',
  resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
  interpolation: { escapeValue: false },
  returnNull: false,
})

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation'
    resources: { translation: typeof en }
  }
}
