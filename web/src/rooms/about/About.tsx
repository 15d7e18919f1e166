/** What Isocenter is, which version, under which licence, and that it is not a certified medical device. */
import { Alert } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'

import { aboutQuery } from '../../api/about'
import { Icon } from '../../brand/Icon'
import { Logo } from '../../brand/Logo'
import { Header } from '../../frame/Header'
import classes from './About.module.css'

const COMPONENTS = ['React', 'Mantine', 'TanStack Query', 'TanStack Router', 'i18next', 'cornerstone3D', 'vtk.js', 'OpenJPH', 'OpenJPEG', 'CharLS', 'libjpeg-turbo', 'libjxl']

export function About() {
  const { t } = useTranslation()
  useDocumentTitle(t('about.title'))
  const { data } = useQuery(aboutQuery)
  return (
    <>
      <Header />
      <main id="content" className={classes.page} tabIndex={-1}>
        <div className={classes.head}>
          <Logo size={56} />
          <div>
            <h1>{t('about.title')}</h1>
            <p>{t('about.what')}</p>
          </div>
        </div>
        <Alert
          color="yellow"
          variant="light"
          icon={<Icon name="warning" />}
          title={t('about.notDevice')}
          classNames={{ title: classes.alertTitle, message: classes.alertText }}
        >
          {t('about.notDeviceDetail')}
        </Alert>
        <dl className={classes.facts}>
          {data && (
            <div>
              <dt>{t('about.version')}</dt>
              <dd>{data.version}</dd>
            </div>
          )}
          <div>
            <dt>{t('about.licence')}</dt>
            <dd>{data?.licence ?? 'Apache-2.0'}</dd>
          </div>
          <div>
            <dt>{t('about.components')}</dt>
            <dd>{COMPONENTS.join(' · ')}</dd>
          </div>
        </dl>
        <p className={classes.quiet}>{t('about.privacy')}</p>
      </main>
    </>
  )
}
