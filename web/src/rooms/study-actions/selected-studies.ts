/** The studies that are chosen in the list. They outlive a look at one of them, not a reload of the page. */
import { useEffect } from 'react'

import type { StudyRow } from '../../api/types'
import { allToggled, NOTHING, type Selection, stretched, toggled } from '../../kit/selection'
import { wasOnSheet } from '../../kit/sheets'
import { createStore } from '../../kit/store'

export const chosenStudies = createStore<Selection<StudyRow>>(NOTHING)

const keyed = (studies: readonly StudyRow[]) => studies.map((study) => [study.study_instance_uid, study] as const)

export function clearSelection(): void {
  chosenStudies.set(NOTHING)
}

export function toggleStudy(study: StudyRow): void {
  chosenStudies.set((now) => toggled(now, study.study_instance_uid, study))
}

export function stretchTo(study: StudyRow, list: readonly StudyRow[]): void {
  chosenStudies.set((now) => stretched(now, study.study_instance_uid, keyed(list)))
}

export function toggleAll(list: readonly StudyRow[]): void {
  chosenStudies.set((now) => allToggled(now, keyed(list)))
}

/** Lets go of studies that have gone. */
export function letGo(studyInstanceUids: readonly string[]): void {
  chosenStudies.set(({ chosen }) => {
    const gone = new Set(studyInstanceUids)
    return { chosen: new Map([...chosen].filter(([uid]) => !gone.has(uid))), anchor: undefined }
  })
}

/** Escape lets go of everything, unless something is open that Escape closes. */
export function useEscapeClears(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return
      const target = event.target instanceof HTMLElement ? event.target : document.body
      if (wasOnSheet(event) || target.closest('input[type="text"], textarea')) return
      clearSelection()
    }
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  }, [])
}
