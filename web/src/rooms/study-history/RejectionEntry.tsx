/** Objects of a study that their sender rejected, and having them back. */
import { useTranslation } from 'react-i18next'

import { type Rejection, restoreRejection } from '../../api/rejections'
import { readableMoment } from '../../kit/dates'
import { marked } from '../../kit/marked'
import { Entry } from './Entry'

export function RejectionEntry({ rejection }: { readonly rejection: Rejection }) {
  const { t } = useTranslation()
  const meaning = {
    '113001': t('history.rejectedForQuality'),
    '113037': t('history.rejectedForSafety'),
    '113038': t('history.rejectedWorklist'),
    '113039': t('history.rejectedRetention'),
  }[rejection.code]
  return (
    <Entry
      title={t('history.rejection', { count: rejection.instance_count })}
      facts={[meaning, marked(rejection.calling_ae_title), readableMoment(rejection.rejected_at)]}
      over={rejection.restored_at ? t('history.restored', { at: readableMoment(rejection.restored_at) }) : undefined}
      act={t('history.restore')}
      right="recover"
      onAct={() => restoreRejection(rejection.rejection_id)}
    />
  )
}
