/** The certificate of one destruction, to read, print and keep as a file. */
import { Alert, Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'

import { type CertificateOfErasure, certificateQuery } from '../../api/retention'
import { Refusal } from '../../frame/Refusal'
import { readableMoment } from '../../kit/dates'
import { saveText } from '../../kit/save-text'
import { AdministrationPage } from '../administration/AdministrationPage'
import classes from './Retention.module.css'

/** What is signed, as docs/formats.md says; a later version may say more. */
interface Signed {
  readonly study_instance_uid: string
  readonly instance_count: number
  readonly reason: string
  readonly erased_at: string
  readonly approved_by: readonly string[]
  readonly objects: readonly { readonly key: string; readonly key_id: string | null }[]
  readonly journals: readonly { readonly node: string }[]
  readonly fact: { readonly sequence: number; readonly digest: string }
}

export function Certificate() {
  const { t } = useTranslation()
  const { recordId } = useParams({ strict: false })
  const { data, error } = useQuery(certificateQuery(Number(recordId)))
  return (
    <AdministrationPage title={t('retention.certificate.title')} actions={data && <Acts certificate={data} />}>
      <Refusal error={error} />
      {data && <Content certificate={data} />}
      <p className={classes.screen}>
        <Link to="/administration/retention">{t('retention.certificate.back')}</Link>
      </p>
    </AdministrationPage>
  )
}

function Acts({ certificate }: { readonly certificate: CertificateOfErasure }) {
  const { t } = useTranslation()
  const save = () => saveText(`certificate-${certificate.number}.json`, `${JSON.stringify(certificate, null, 1)}\n`, 'application/json')
  return (
    <span className={`${classes.choose} ${classes.screen}`}>
      <Button variant="default" onClick={save}>
        {t('retention.certificate.save')}
      </Button>
      <Button onClick={() => window.print()}>{t('retention.certificate.print')}</Button>
    </span>
  )
}

function Content({ certificate }: { readonly certificate: CertificateOfErasure }) {
  const { t } = useTranslation()
  const signed = certificate.content as unknown as Signed
  const facts: readonly (readonly [string, string | readonly string[]])[] = [
    [t('retention.certificate.number'), certificate.number],
    [t('retention.certificate.study'), signed.study_instance_uid],
    [t('retention.certificate.objects'), String(signed.instance_count)],
    [t('retention.certificate.reason'), signed.reason],
    [t('retention.certificate.approvedBy'), signed.approved_by.join(', ')],
    [t('retention.certificate.erasedAt'), readableMoment(signed.erased_at)],
    [t('retention.certificate.certifiedAt'), certificate.certified_at ? readableMoment(certificate.certified_at) : ''],
    [t('retention.certificate.places'), signed.objects.map((each) => each.key)],
    [t('retention.certificate.keys'), signed.objects.flatMap((each) => each.key_id ?? [])],
    [t('retention.certificate.journals'), signed.journals.map((each) => each.node)],
    [t('retention.certificate.fact'), `${signed.fact.sequence} · ${signed.fact.digest}`],
    [t('retention.certificate.signature'), certificate.signature],
  ]
  return (
    <article className={classes.card}>
      {certificate.certified_at ? <p>{t('retention.certificate.complete')}</p> : <Remaining words={certificate.remaining} />}
      <dl className={classes.facts}>{facts.map(([name, value]) => value.length > 0 && <Fact key={name} name={name} value={value} />)}</dl>
    </article>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string | readonly string[] }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{typeof value === 'string' ? value : <Lines words={value} />}</dd>
    </div>
  )
}

function Lines({ words }: { readonly words: readonly string[] }) {
  return (
    <ul>
      {words.map((word) => (
        <li key={word}>{word}</li>
      ))}
    </ul>
  )
}

function Remaining({ words }: { readonly words: readonly string[] }) {
  const { t } = useTranslation()
  return (
    <Alert color="yellow" variant="light" p="sm" mb="sm">
      {t('retention.certificate.remaining')}
      <Lines words={words} />
    </Alert>
  )
}
