/** Certificates of this node and of the hospital's devices, for the security officer. */
import { Button, CopyButton } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { authorityPem, type Certificate, certificatesQuery, revokeCertificate, stopTrusting } from '../../../api/certificates'
import { Icon } from '../../../brand/Icon'
import { ConfirmDialog } from '../../../frame/ConfirmDialog'
import { Mark, NameCell, Quiet, type Tone } from '../../../frame/Facts'
import { type Column, RecordList } from '../../../frame/RecordList'
import { Refusal } from '../../../frame/Refusal'
import { readableMoment } from '../../../kit/dates'
import { saveText } from '../../../kit/save-text'
import { AdministrationPage } from '../AdministrationPage'
import classes from './Certificates.module.css'
import { IssueDialog, TrustDialog } from './CertificateDialogs'

const TONES: Record<Certificate['state'], Tone> = {
  valid: 'good',
  'expires-soon': 'warning',
  expired: 'bad',
  'not-yet-valid': 'warning',
  revoked: 'quiet',
}

export function Certificates() {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const { data, error } = useQuery(certificatesQuery)
  const [dialog, setDialog] = useState<'issue' | 'trust'>()
  const [ended, setEnded] = useState<Certificate>()
  const saving = useMutation({ mutationFn: async () => saveText('isocenter-authority.pem', await authorityPem()) })
  const hasAuthority = data?.certificates.some((each) => each.kind === 'authority')
  const acts = (certificate: Certificate) => <Acts certificate={certificate} onEnd={() => setEnded(certificate)} />
  const end = async (certificate: Certificate) => {
    await (certificate.kind === 'trusted' ? stopTrusting(certificate.fingerprint) : revokeCertificate(certificate.fingerprint))
    await queryClient.invalidateQueries({ queryKey: certificatesQuery.queryKey })
  }
  return (
    <AdministrationPage
      title={t('manage.certificates.title')}
      intro={t('manage.certificates.intro')}
      actions={
        <>
          <Button variant="default" onClick={() => setDialog('trust')}>
            {t('manage.certificates.trust')}
          </Button>
          <Button leftSection={<Icon name="add" size={18} />} disabled={!hasAuthority} onClick={() => setDialog('issue')}>
            {t('manage.certificates.issue')}
          </Button>
        </>
      }
    >
      {data && (
        <div className={classes.state}>
          <Mark tone={data.https ? 'good' : 'warning'}>{data.https ? t('manage.certificates.https') : t('manage.certificates.noHttps')}</Mark>
          <Mark tone={data.dicom_tls_port ? 'good' : 'quiet'}>
            {data.dicom_tls_port ? t('manage.certificates.dicomTls', { port: data.dicom_tls_port }) : t('manage.certificates.noDicomTls')}
          </Mark>
        </div>
      )}
      <RecordList
        name={t('manage.certificates.title')}
        records={data?.certificates}
        error={error}
        keyOf={(certificate) => `${certificate.kind} ${certificate.fingerprint}`}
        nameOf={(certificate) => certificate.name}
        textOf={(certificate) => [certificate.name, certificate.fingerprint, ...certificate.hosts].join(' ')}
        columns={useColumns()}
        empty={{ title: t('manage.certificates.none'), detail: t('manage.certificates.noneDetail') }}
        acts={acts}
        tools={
          hasAuthority && (
            <Button variant="default" leftSection={<Icon name="download" size={18} />} loading={saving.isPending} onClick={() => saving.mutate()}>
              {t('manage.certificates.downloadAuthority')}
            </Button>
          )
        }
      />
      <Refusal error={saving.error} />
      {dialog === 'issue' && <IssueDialog onClose={() => setDialog(undefined)} />}
      {dialog === 'trust' && <TrustDialog onClose={() => setDialog(undefined)} />}
      {ended && <Ending certificate={ended} end={() => end(ended)} onClose={() => setEnded(undefined)} />}
    </AdministrationPage>
  )
}

function useColumns(): readonly Column<Certificate>[] {
  const { t } = useTranslation()
  return [
    {
      key: 'name',
      title: t('manage.certificates.name'),
      cell: (certificate) => <NameCell name={certificate.name} detail={certificate.hosts.join(', ')} />,
      order: (certificate) => certificate.name,
    },
    { key: 'kind', title: t('manage.certificates.kind'), cell: (each) => t(`manage.certificates.kinds.${each.kind}`), order: (each) => each.kind },
    {
      key: 'state',
      title: t('manage.certificates.state'),
      cell: (certificate) => <Mark tone={TONES[certificate.state]}>{t(`manage.certificates.states.${certificate.state}`)}</Mark>,
      order: (certificate) => certificate.state,
    },
    {
      key: 'until',
      title: t('manage.certificates.until'),
      cell: (certificate) => (
        <>
          {readableMoment(certificate.not_after).slice(0, 10)}
          {certificate.renews_itself && <Quiet>{t('manage.certificates.renewsItself')}</Quiet>}
        </>
      ),
      order: (certificate) => certificate.not_after,
    },
  ]
}

function Acts({ certificate, onEnd }: { readonly certificate: Certificate; readonly onEnd: () => void }) {
  const { t } = useTranslation()
  const { name, kind } = certificate
  const ends = kind === 'trusted' || (kind === 'device' && certificate.state !== 'revoked')
  return (
    <>
      <CopyButton value={certificate.fingerprint}>
        {({ copied, copy }) => (
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={<Icon name={copied ? 'sealed' : 'copy'} size={16} />}
            onClick={copy}
            aria-label={`SHA-256: ${t('manage.certificates.copyFingerprint')}, ${name}`}
          >
            {copied ? t('manage.people.copied') : 'SHA-256'}
          </Button>
        )}
      </CopyButton>
      {ends && (
        <Button
          variant="subtle"
          color="red"
          size="compact-sm"
          onClick={onEnd}
          aria-label={kind === 'trusted' ? t('manage.certificates.distrustNamed', { name }) : t('manage.certificates.revokeNamed', { name })}
        >
          {kind === 'trusted' ? t('manage.certificates.distrust') : t('manage.certificates.revoke')}
        </Button>
      )}
    </>
  )
}

interface EndingProps {
  readonly certificate: Certificate
  readonly end: () => Promise<void>
  readonly onClose: () => void
}

function Ending({ certificate: { kind, name }, end, onClose }: EndingProps) {
  const { t } = useTranslation()
  const trusted = kind === 'trusted'
  return (
    <ConfirmDialog
      title={trusted ? t('manage.certificates.distrustTitle', { name }) : t('manage.certificates.revokeTitle', { name })}
      means={trusted ? t('manage.certificates.distrustMeans') : t('manage.certificates.revokeMeans')}
      confirm={trusted ? t('manage.certificates.distrust') : t('manage.certificates.revoke')}
      act={end}
      onClose={onClose}
    />
  )
}
