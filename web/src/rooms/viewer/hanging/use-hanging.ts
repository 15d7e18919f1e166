/**
 * Hangs the study of the room by itself when it is opened, as the fittest protocol says; for a few seconds, and only until somebody
 * touches anything: what a reader looks at is never rearranged under her eyes.
 */
import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'

import { hangingsQuery, type KeptHanging } from '../../../api/hanging'
import { usePhone } from '../../../frame/use-phone'
import { useStore } from '../../../kit/store'
import { onOnePage } from '../../../viewport/mosaic'
import type { StackView } from '../../../viewport/stack-view'
import type { Room } from '../context'
import { handed } from '../hand-over/handed'
import { firstPictureOver } from '../opening'
import { useRatedPriors } from '../priors/use-priors'
import { comparable } from '../priors/relevance'
import { BUILT_IN } from './built-in'
import { readDocument } from './document'
import { studyFactsOf } from './facts'
import { comparesWithPrior, hang, hung, unhang } from './hung'
import { imageFactsQuery } from './image-facts'
import { layWhenShown } from './lay'
import { type Hanging, type Occasion, rankHangings } from './match'

const BY_ITSELF_MS = 5000

/** The kept ones that this version understands. */
export function hangingsOf(kept: readonly KeptHanging[]): Hanging[] {
  return kept.flatMap(({ hanging_protocol_id: id, scope, name, document }) => {
    const read = readDocument({ ...document, name })
    return read ? [{ id: String(id), scope, document: read }] : []
  })
}

export function useHanging(room: Room): void {
  const phone = usePhone()
  const { occasion, priorUid } = useOccasion(room)
  const { data: kept } = useQuery({ ...hangingsQuery, enabled: useFirstPictureOver(room) })
  const fitting = useMemo(
    () => (occasion ? rankHangings([...hangingsOf(kept?.hanging_protocols ?? []), ...BUILT_IN], occasion) : []),
    [occasion, kept],
  )
  const touched = useTouched()
  const until = useRef<number>(undefined)
  const { studyInstanceUid, dispatch } = room
  useEffect(() => unhang, [])
  useEffect(() => {
    hung.set((now) => ({ ...now, studyInstanceUid, occasion, priorUid, fitting }))
    // What was handed over from another device hangs as it did there.
    if (!occasion || handed.get()?.studyInstanceUid === studyInstanceUid) return
    until.current ??= performance.now() + BY_ITSELF_MS
    const { awaited, chosen } = hung.get()
    const best = fitting.find((one) => !phone || !comparesWithPrior(one))
    if (awaited && occasion.prior) hang({ dispatch }, awaited)
    else if (best && best.id !== chosen && !touched.current && performance.now() < until.current) hang({ dispatch }, best, phone)
  }, [studyInstanceUid, occasion, priorUid, fitting, dispatch, phone, touched])
  useLaying(room)
}

function useOccasion({ study, studies, studyInstanceUid }: Room): { occasion: Occasion | undefined; priorUid: string | undefined } {
  const found = useRatedPriors(studyInstanceUid, study, useFirstPictureOver({ study, studyInstanceUid }))
  const priorUid = found && comparable(found)?.study_instance_uid
  const prior = priorUid === undefined ? undefined : studies.get(priorUid)
  const { data: images } = useQuery(imageFactsQuery(study))
  const { data: priorImages } = useQuery(imageFactsQuery(prior))
  const current = useMemo(() => study && studyFactsOf(study, images), [study, images])
  const before = useMemo(() => prior && studyFactsOf(prior, priorImages), [prior, priorImages])
  const occasion = useMemo(
    () => current && { current, prior: before, comparable: priorUid !== undefined },
    [current, before, priorUid],
  )
  return { occasion, priorUid }
}

/** The first picture has the line to itself. */
function useFirstPictureOver({ study, studyInstanceUid }: Pick<Room, 'study' | 'studyInstanceUid'>): boolean {
  const known = study !== undefined
  const [over, setOver] = useState(false)
  useEffect(() => {
    let left = false
    if (known) void firstPictureOver(studyInstanceUid).then(() => left || setOver(true))
    return () => {
      left = true
    }
  }, [known, studyInstanceUid])
  return over
}

/** Whether anything was pressed, turned or typed since the room was entered. */
function useTouched(): React.RefObject<boolean> {
  const touched = useRef(false)
  useEffect(() => {
    const touch = () => (touched.current = true)
    const kinds = ['pointerdown', 'wheel', 'keydown'] as const
    for (const kind of kinds) document.addEventListener(kind, touch, { capture: true, passive: true })
    return () => {
      for (const kind of kinds) document.removeEventListener(kind, touch, { capture: true })
    }
  }, [])
  return touched
}

/** Each viewport is laid once for each hanging, when its picture has come; the tiles of a mosaic are laid together. */
function useLaying({ views }: Room): void {
  const { laying } = useStore(hung)
  const begun = useRef<{ of: typeof laying; cells: Map<number, Begun> }>({ of: laying, cells: new Map() })
  useEffect(() => {
    if (begun.current.of !== laying) {
      for (const { end } of begun.current.cells.values()) end()
      begun.current = { of: laying, cells: new Map() }
    }
    const { cells } = begun.current
    for (const [cell, view] of views) {
      const wanted = laying[cell]
      const last = cells.get(cell)
      if (!wanted || (last && (last.view === view || onOnePage(last.view, view)))) continue
      last?.end()
      cells.set(cell, { view, end: layWhenShown(view, wanted) })
    }
  }, [laying, views])
  useEffect(
    () => () => {
      for (const { end } of begun.current.cells.values()) end()
    },
    [],
  )
}

interface Begun {
  readonly view: StackView
  readonly end: () => void
}
