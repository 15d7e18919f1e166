/** A view on its way to another device: what is where, and how each picture is shown. UIDs and numbers only. Version 1. */
import type { Presentation } from '../../../viewport/presentation'
import type { Room } from '../context'
import { type Layout, MOST_COLUMNS, MOST_ROWS, shownCells } from '../viewer-state'

const VERSION = 1

export interface HandedCell {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  /** null where no picture was shown. */
  readonly presentation: Partial<Presentation> | null
}

export interface HandedView {
  readonly version: typeof VERSION
  readonly layout: Layout
  readonly cells: readonly (HandedCell | null)[]
  readonly active: number
}

export function viewOf({ state, views }: Pick<Room, 'state' | 'views'>): HandedView {
  const cells = shownCells(state).map((cell, index) => (cell ? { ...cell, presentation: views.get(index)?.presentation() ?? null } : null))
  return { version: VERSION, layout: state.layout, cells, active: state.active }
}

type Loose = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value)
const isUid = (value: unknown): value is string => typeof value === 'string' && /^[0-9.]{1,64}$/.test(value)
const isWhole = (value: unknown, from: number, to: number) => Number.isInteger(value) && Number(value) >= from && Number(value) <= to
const isOptional = (value: unknown, kind: 'number' | 'string' | 'boolean') =>
  value === undefined || (typeof value === kind && (kind !== 'number' || Number.isFinite(value)))

const NUMBERS = ['centre', 'width', 'rotation', 'zoom', 'index'] as const
const FLAGS = ['windowChosen', 'invert', 'flipH', 'flipV'] as const

function isPresentation(value: unknown): value is Partial<Presentation> {
  if (!isObject(value)) return false
  const { pan, imageId, voiFunction } = value
  return (
    NUMBERS.every((key) => isOptional(value[key], 'number')) &&
    FLAGS.every((key) => isOptional(value[key], 'boolean')) &&
    isOptional(imageId, 'string') &&
    (voiFunction === undefined || ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'].includes(String(voiFunction))) &&
    (pan === undefined || (Array.isArray(pan) && pan.length === 2 && pan.every((one) => Number.isFinite(one))))
  )
}

function isCell(value: unknown): value is HandedCell {
  if (!isObject(value)) return false
  return isUid(value.studyInstanceUid) && isUid(value.seriesInstanceUid) && (value.presentation === null || isPresentation(value.presentation))
}

/** The view that this is; undefined where it is none that this version understands. */
export function readView(value: unknown): HandedView | undefined {
  if (!isObject(value) || value.version !== VERSION || !isObject(value.layout)) return undefined
  const { layout, cells, active } = value
  const { rows, columns } = layout
  const right =
    isWhole(rows, 1, MOST_ROWS) &&
    isWhole(columns, 1, MOST_COLUMNS) &&
    Array.isArray(cells) &&
    cells.length === Number(rows) * Number(columns) &&
    cells.every((cell) => cell === null || isCell(cell)) &&
    isWhole(active, 0, cells.length - 1)
  return right ? (value as unknown as HandedView) : undefined
}

/** An address that only this machine reaches. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)
}
