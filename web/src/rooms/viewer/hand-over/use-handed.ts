/** Shows what was handed over: the same studies and series in the same layout, each at the same image, window, zoom and place. */
import { useEffect, useRef } from 'react'

import { useStore } from '../../../kit/store'
import type { Room } from '../context'
import { whenShown } from '../hanging/lay'
import { handed } from './handed'

export function useHanded({ studyInstanceUid, study, views, dispatch }: Room): void {
  const arrived = useStore(handed)
  const view = arrived?.studyInstanceUid === studyInstanceUid ? arrived.view : undefined
  const known = study !== undefined
  const laid = useRef(new Set<number>())
  useEffect(() => {
    if (!view || !known) return
    const cells = view.cells.map((cell) => (cell ? { studyInstanceUid: cell.studyInstanceUid, seriesInstanceUid: cell.seriesInstanceUid } : undefined))
    dispatch({ type: 'hang', layout: view.layout, cells, active: view.active })
  }, [view, known, dispatch])
  useEffect(() => {
    if (!view) return undefined
    const ends = [...views].flatMap(([at, shown]) => {
      const cell = view.cells[at]
      if (!cell?.presentation || laid.current.has(at)) return []
      const { presentation } = cell
      const isImage = presentation.imageId === undefined ? undefined : (imageId: string) => imageId === presentation.imageId
      const act = () => {
        laid.current.add(at)
        void shown.apply(presentation)
      }
      return [whenShown(shown, { ...cell, isImage }, act)]
    })
    return () => ends.forEach((end) => end())
  }, [view, views])
  useEffect(() => () => handed.set(undefined), [])
}
