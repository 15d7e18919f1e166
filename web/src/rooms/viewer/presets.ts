/** The windows offered for the image on screen: what its file holds, the reader's own, those usual for its part of the body, and from its values. */
import type { TFunction } from 'i18next'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'

import { keepPreference, preference, usePreference } from '../../api/preferences'
import { marked } from '../../kit/marked'
import type { Frame } from '../../dicomweb/frame'
import { text } from '../../dicomweb/json'
import { TAG } from '../../dicomweb/tags'
import type { Voi } from '../../dicomweb/voi'
import { valueUnitOf } from '../../measuring/values'
import { frameOf } from '../../viewport/known-frames'
import type { StackView } from '../../viewport/stack-view'
import { presetsFor } from '../../viewport/window'
import { voiOf, windowFromValues } from './seeing/auto-window'

export interface NamedWindow {
  readonly label: string
  /** Centre and width, or what else it is. */
  readonly detail: string
  /** Undefined where the image gives none: colour, or not loaded. */
  voi(): Voi | undefined
}

export interface OwnWindow {
  readonly modality: string
  readonly centre: number
  readonly width: number
  readonly voiFunction: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID'
}

const PART = 'windows'
const MOST_OWN = 40
/** In SUV: lymphoma, body, brain and bladder. */
const SUV_TOPS = [5, 10, 20] as const

function isOwnWindow(one: unknown): one is OwnWindow {
  const { modality, centre, width, voiFunction } = (one ?? {}) as Partial<OwnWindow>
  const numbers = typeof centre === 'number' && Number.isFinite(centre) && typeof width === 'number' && width > 0
  return typeof modality === 'string' && numbers && ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'].includes(voiFunction ?? '')
}

export function ownWindows(part: unknown): readonly OwnWindow[] {
  return Array.isArray(part) ? part.filter(isOwnWindow).slice(0, MOST_OWN) : []
}

function same(a: OwnWindow, b: OwnWindow): boolean {
  return a.modality === b.modality && a.centre === b.centre && a.width === b.width && a.voiFunction === b.voiFunction
}

/** Keeps a window for every image of the modality. */
export function keepOwnWindow(own: OwnWindow): void {
  const others = ownWindows(preference(PART)).filter((one) => !same(one, own))
  keepPreference(PART, [own, ...others].slice(0, MOST_OWN))
}

export function forgetOwnWindow(own: OwnWindow): void {
  keepPreference(
    PART,
    ownWindows(preference(PART)).filter((one) => !same(one, own)),
  )
}

export function useOwnWindows(): readonly OwnWindow[] {
  return usePreference(PART, ownWindows)
}

/** "40 / 400", with digits where the numbers are small. */
export function windowWords({ centre, width }: { readonly centre: number; readonly width: number }): string {
  const rounded = (value: number) => (Math.abs(value) < 10 ? Number(value.toPrecision(3)) : Math.round(value))
  return `${rounded(centre)} / ${rounded(width)}`
}

function named(label: string, voi: Voi): NamedWindow {
  return { label, detail: voi.kind === 'window' ? windowWords(voi) : 'LUT', voi: () => voi }
}

function ofTheFile(frame: Frame, t: TFunction): NamedWindow[] {
  const tables = frame.voiLuts.map((item, index) =>
    named(marked(text(item, TAG.LUTExplanation) ?? '') || t('seeing.table', { number: index + 1 }), { kind: 'table', index }),
  )
  const windows = frame.windows.map(({ centre, width, name }, index) => {
    const words = index === 0 ? t('viewer.presetDefault') : `${t('viewer.presetDefault')} ${index + 1}`
    return named(marked(name ?? '') || words, { kind: 'window', centre, width, voiFunction: frame.voiFunction })
  })
  return [...tables.slice(0, 4), ...windows.slice(0, 4)]
}

function usualFor(frame: Frame, t: TFunction): NamedWindow[] {
  const byPart = presetsFor(frame).map(({ preset, centre, width }) =>
    named(t(`viewer.preset${preset}`), { kind: 'window', centre, width, voiFunction: 'LINEAR' }),
  )
  if (frame.modality !== 'PT') return byPart
  const { factor, unit, suvRefused } = valueUnitOf(frame)
  if (suvRefused !== undefined || !unit.includes('SUV')) return byPart
  return SUV_TOPS.map((top) => named(t('seeing.suvTo', { top }), voiOf({ lower: 0, upper: top / factor })))
}

function fromValues(imageId: string, t: TFunction): NamedWindow {
  return { label: t('seeing.fromValues'), detail: '1–99 %', voi: () => windowFromValues(imageId) }
}

/** The windows for what a stack shows when it is asked. */
export function useNamedWindows(view: StackView | undefined): () => NamedWindow[] {
  const { t } = useTranslation()
  const own = useOwnWindows()
  return useCallback(() => {
    const imageId = view?.state.get().imageId
    const frame = frameOf(imageId)
    if (!frame || imageId === undefined || frame.samplesPerPixel > 1 || frame.photometricInterpretation === 'PALETTE COLOR') return []
    const mine = own.filter(({ modality }) => modality === frame.modality)
    const kept = mine.map((one) => named(t('seeing.own'), { kind: 'window', centre: one.centre, width: one.width, voiFunction: one.voiFunction }))
    return [...ofTheFile(frame, t), ...kept, ...usualFor(frame, t), fromValues(imageId, t)]
  }, [view, own, t])
}
