/** The series of a study that is open beside: pressed they go into the active viewport, dragged into any. */
import { useTranslation } from 'react-i18next'

import { marked } from '../../../kit/marked'
import { useRoom } from '../context'
import { dragSeries } from '../series-drag'
import { sameSeries, shownCells } from '../viewer-state'
import classes from './PriorsPanel.module.css'

export function PlacedSeries({ studyInstanceUid }: { readonly studyInstanceUid: string }) {
  const { t } = useTranslation()
  const { studies, state, dispatch } = useRoom()
  const shown = shownCells(state)
  return (
    <ul className={classes.series}>
      {studies.get(studyInstanceUid)?.series.map((one) => {
        const placed = { studyInstanceUid, seriesInstanceUid: one.series_instance_uid }
        const number = one.series_number
        const title = marked(one.series_description ?? '') || (number === null ? t('viewer.seriesUnnumbered') : t('viewer.seriesNumber', { number }))
        return (
          <li key={one.series_instance_uid}>
            <button
              type="button"
              draggable
              data-shown={shown.some((cell) => sameSeries(cell, placed))}
              onDragStart={(event) => dragSeries(event, placed)}
              onClick={() => dispatch({ type: 'place', placed })}
            >
              <span>{title}</span>
              <span className={classes.quiet}>{[one.modality, one.frame_count || one.instance_count].filter(Boolean).join(' · ')}</span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}
