/** Documents inside objects (PS3.3 A.45, A.85): a PDF as a page, what is none says what it is; all can be taken along. */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../../brand/Icon'
import { type DataSet, inlineBytes, number, text } from '../../../dicomweb/json'
import { SOP } from '../../../dicomweb/sop-classes'
import { marked } from '../../../kit/marked'
import type { DocumentPaneProps } from '../panes'
import { DocumentFrame } from './DocumentFrame'
import classes from './FilePane.module.css'
import { bulkBytes, type Instance } from './use-instances'

const T = { Document: '00420011', Length: '00420015', Title: '00420010', MimeType: '00420012' } as const

const ENDINGS: Readonly<Record<string, string>> = {
  [SOP.EncapsulatedPdf]: 'pdf',
  [SOP.EncapsulatedCda]: 'xml',
  [SOP.EncapsulatedStl]: 'stl',
  [SOP.EncapsulatedObj]: 'obj',
  [SOP.EncapsulatedMtl]: 'mtl',
}
const KINDS = {
  [SOP.EncapsulatedPdf]: 'objects.pdf',
  [SOP.EncapsulatedCda]: 'objects.cda',
  [SOP.EncapsulatedStl]: 'objects.stl',
  [SOP.EncapsulatedObj]: 'objects.obj',
  [SOP.EncapsulatedMtl]: 'objects.mtl',
} as const

export function FilePane({ studyInstanceUid, series }: DocumentPaneProps) {
  const { t } = useTranslation()
  const kind = KINDS[(series.first?.sop_class_uid ?? '') as keyof typeof KINDS] ?? 'objects.otherFile'
  return (
    <DocumentFrame studyInstanceUid={studyInstanceUid} series={series} kind={t(kind)}>
      {(dataSet, instance) => <Content key={instance.address} dataSet={dataSet} instance={instance} />}
    </DocumentFrame>
  )
}

/** The document without the byte that makes its length even. */
async function documentOf(dataSet: DataSet, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const element = dataSet[T.Document]
  const bytes = element?.BulkDataURI === undefined ? Uint8Array.from(inlineBytes(element) ?? []) : await bulkBytes(element.BulkDataURI, signal)
  const length = number(dataSet, T.Length)
  return length !== undefined && length === bytes.byteLength - 1 ? bytes.slice(0, length) : bytes
}

/** Readers look for the mark within the first kilobyte. */
function isPdf(bytes: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(bytes.subarray(0, 1024)).includes('%PDF-')
}

function Content({ dataSet, instance }: { readonly dataSet: DataSet; readonly instance: Instance }) {
  const { t } = useTranslation()
  const { data: bytes, isError } = useQuery({
    queryKey: ['document', instance.address],
    queryFn: ({ signal }) => documentOf(dataSet, signal),
    staleTime: Infinity,
    gcTime: 0,
  })
  if (isError) return <p role="alert">{t('viewer.badFrameMissing')}</p>
  if (!bytes) return <p role="status">{t('viewer.loadingImage')}</p>
  const pdf = instance.sopClassUid === SOP.EncapsulatedPdf && isPdf(bytes)
  return <File dataSet={dataSet} instance={instance} bytes={bytes} pdf={pdf} />
}

interface FileProps {
  readonly dataSet: DataSet
  readonly instance: Instance
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly pdf: boolean
}

/** An address in this page for the bytes. The type is ours, never the file's: nothing that came from outside can become a page that runs. */
function useAddress(bytes: Uint8Array<ArrayBuffer>, pdf: boolean): string | undefined {
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes], { type: pdf ? 'application/pdf' : 'application/octet-stream' }))
    // oxlint-disable-next-line react/set-state-in-effect -- an address must be given back by who made it
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [bytes, pdf])
  return address
}

function File({ dataSet, instance, bytes, pdf }: FileProps) {
  const { t } = useTranslation()
  const address = useAddress(bytes, pdf)
  const title = marked(text(dataSet, T.Title) ?? '')
  const shown = pdf && navigator.pdfViewerEnabled
  return (
    <div className={classes.file} data-testid="file" data-shown={shown}>
      <div className={classes.line}>
        <strong>{title}</strong>
        <a className={classes.download} href={address} download={`${instance.sopInstanceUid}.${ENDINGS[instance.sopClassUid] ?? 'bin'}`}>
          <Icon name="download" size={16} /> {t('objects.downloadFile')}
        </a>
        <span className={classes.size}>{t('objects.kilobytes', { count: Math.ceil(bytes.byteLength / 1024) })}</span>
      </div>
      {shown && address ? <PdfPage address={address} title={title} /> : <WhyNot instance={instance} pdf={pdf} dataSet={dataSet} />}
    </div>
  )
}

/** The browser's own reader, in a process of its own; a sandbox would take it away and with it the page. */
function PdfPage({ address, title }: { readonly address: string; readonly title: string }) {
  const { t } = useTranslation()
  // oxlint-disable-next-line react/iframe-missing-sandbox -- the type of the address is ours: it can hold a PDF only
  return <iframe className={classes.page} src={address} title={title || t('objects.pdf')} />
}

function WhyNot({ instance, pdf, dataSet }: Pick<FileProps, 'instance' | 'pdf' | 'dataSet'>) {
  const { t } = useTranslation()
  const reason = pdf ? t('objects.noPdfViewer') : instance.sopClassUid === SOP.EncapsulatedPdf ? t('objects.notPdf') : t('objects.notShown')
  return (
    <p className={classes.why} data-testid="cell-message">
      <Icon name="document" size={36} />
      <span>{reason}</span>
      <span>{text(dataSet, T.MimeType)}</span>
      <span>{t('viewer.kept')}</span>
    </p>
  )
}
