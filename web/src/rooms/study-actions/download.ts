/** Downloads are ordinary links of the browser: it shows how far they are and can stop them. */
import type { StudyRow } from '../../api/types'

/** zip: the objects in folders; pdi: a medium with DICOMDIR that other viewers read (IHE PDI). */
export type DownloadForm = 'zip' | 'pdi'

/** Browsers drop downloads that begin at the same moment. */
const APART_MS = 400

export function downloadAddress(studyInstanceUid: string, form: DownloadForm): string {
  return `/api/studies/${studyInstanceUid}/download?form=${form}`
}

export function download(studies: readonly StudyRow[], form: DownloadForm): void {
  for (const [place, study] of studies.entries()) {
    setTimeout(() => follow(downloadAddress(study.study_instance_uid, form)), place * APART_MS)
  }
}

function follow(address: string): void {
  const link = document.createElement('a')
  link.href = address
  link.download = ''
  document.body.append(link)
  link.click()
  link.remove()
}
