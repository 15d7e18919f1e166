/** One correction of a study, with what was before and after. */
import { useTranslation } from 'react-i18next'

import { type Correction, undoCorrection } from '../../api/corrections'
import { Comparison } from '../../frame/Comparison'
import { readableMoment } from '../../kit/dates'
import { useAttributeFacts } from './attribute-facts'
import { useCorrectionWords } from './correction-words'
import { Entry } from './Entry'
import classes from './StudyHistory.module.css'

export function CorrectionEntry({ correction }: { readonly correction: Correction }) {
  const { t } = useTranslation()
  const facts = useAttributeFacts()
  const words = useCorrectionWords()
  const compared = facts(correction.before, correction.after)
  const act = words.undoneHere(correction.kind) ? t('common.undo') : undefined
  return (
    <Entry
      title={words.kind(correction.kind)}
      facts={[correction.reason, correction.created_by, readableMoment(correction.created_at)]}
      over={correction.undone_at ? t('patients.undone', { at: readableMoment(correction.undone_at) }) : undefined}
      act={act}
      right="correct"
      onAct={() => undoCorrection(correction.correction_id)}
    >
      {compared.length > 0 && (
        <Comparison caption={words.kind(correction.kind)} heads={[t('correct.before'), t('correct.after')]} facts={compared} />
      )}
      {act === undefined && correction.undone_at === null && <p className={classes.facts}>{t('history.undoneUnderPatients')}</p>}
    </Entry>
  )
}
