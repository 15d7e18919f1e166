/** The quiet page with one card: sign-in and enrolment. */
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

import { Logo } from '../brand/Logo'
import { applyLanguage, type Language, LANGUAGES } from '../i18n'
import classes from './Card.module.css'

export function Card({ title, intro, children }: { readonly title: string; readonly intro?: string; readonly children: ReactNode }) {
  const { t } = useTranslation()
  return (
    <div className={classes.page}>
      <main id="content" className={classes.column}>
        <div className={classes.brand}>
          <Logo size={52} />
          <span className={classes.product}>{t('common.product')}</span>
          <span className={classes.tagline}>{t('signIn.tagline')}</span>
        </div>
        <section className={classes.card}>
          <h1 className={classes.title}>{title}</h1>
          {intro && <p className={classes.intro}>{intro}</p>}
          {children}
        </section>
      </main>
      <footer className={classes.footer}>
        <LanguageChoice />
        <a href="/about">{t('about.notDevice')}</a>
      </footer>
    </div>
  )
}

function LanguageChoice() {
  const { i18n, t } = useTranslation()
  return (
    <span role="group" aria-label={t('menu.language')} className={classes.languages}>
      {Object.entries(LANGUAGES).map(([code, name]) => (
        <button
          key={code}
          type="button"
          lang={code}
          aria-pressed={i18n.language === code}
          onClick={() => applyLanguage(code as Language)}
        >
          {name}
        </button>
      ))}
    </span>
  )
}
