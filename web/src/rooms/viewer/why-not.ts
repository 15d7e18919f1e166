/** Why a series cannot be drawn, in words. */
import { useTranslation } from 'react-i18next'

import type { Series } from '../../api/types'

const REPORTS = new Set(['SR', 'KO', 'PR', 'DOC', 'OT'])
const SHAPES = new Set(['SEG', 'RTSTRUCT', 'RTPLAN', 'REG', 'FID', 'SURF', 'RTRECORD'])
const WAVEFORMS = new Set(['ECG', 'HD', 'EPS', 'RESP'])

export function useWhyNot(): (series: Series) => string {
  const { t } = useTranslation()
  return ({ why_not: reason, modality }) => {
    if (reason === 'pdf' || reason === 'encapsulated-document') return t('viewer.whyPdf')
    if (reason === 'video') return t('viewer.whyVideo')
    if (reason === 'unsupported-syntax') return t('viewer.whySyntax')
    if (reason === 'no-pixels' || reason === null) {
      if (modality && SHAPES.has(modality)) return t('viewer.whySegmentation')
      if (modality && WAVEFORMS.has(modality)) return t('viewer.whyWaveform')
      if (modality === 'DOC') return t('viewer.whyPdf')
      if (modality && REPORTS.has(modality) && modality !== 'OT') return t('viewer.whyReport', { modality })
      return t('viewer.whyNoPixels')
    }
    return t('viewer.whyOther', { reason })
  }
}
