/** Which overlays are on, how they look, and whether one belongs on an image. */
import type { Colour } from '../../dicomweb/colours'
import type { Frame } from '../../dicomweb/frame'
import { text } from '../../dicomweb/json'
import { planeOf } from '../../dicomweb/plane'
import { TAG } from '../../dicomweb/tags'
import { createStore } from '../../kit/store'
import { closeOverlay, openOverlay } from './ask'
import { firstChoice, type IsodoseChoice, levelsIn } from './isodose-levels'
import { OverlayError, type OverlayDescription, type OverlayFailure } from './protocol'

export interface ShownOverlay {
  /** Address of the instance: its name here. */
  readonly address: string
  readonly phase: 'opening' | 'open' | 'failed'
  readonly failure: OverlayFailure | undefined
  readonly description: OverlayDescription | undefined
  readonly visible: boolean
  /** Of fills, 0 to 1; outlines are always whole. */
  readonly opacity: number
  readonly hidden: readonly number[]
  readonly colours: Readonly<Record<number, Colour>>
  readonly range: readonly [number, number] | undefined
  /** Isodose lines of a dose; undefined until the reader chooses. */
  readonly isodoses: IsodoseChoice | undefined
  /** Whether the names of parts are written on the image. */
  readonly named: boolean
}

export const shownOverlays = createStore<readonly ShownOverlay[]>([])

export function changeOverlay(address: string, change: Partial<ShownOverlay>): void {
  shownOverlays.set((now) => now.map((one) => (one.address === address ? { ...one, ...change } : one)))
}

const AT_FIRST = { phase: 'opening', failure: undefined, description: undefined, visible: true, opacity: 0.4, hidden: [], colours: {}, range: undefined, isodoses: undefined, named: true } as const

/** Reads the object if that was not done yet, and shows it. */
export async function showOverlay(address: string): Promise<void> {
  const known = shownOverlays.get().find((one) => one.address === address)
  if (known && known.phase !== 'failed') return changeOverlay(address, { visible: true })
  shownOverlays.set((now) => [...now.filter((one) => one.address !== address), { address, ...AT_FIRST }])
  try {
    changeOverlay(address, { phase: 'open', description: await openOverlay(address) })
  } catch (error) {
    changeOverlay(address, { phase: 'failed', failure: error instanceof OverlayError ? error.reason : 'unreadable' })
  }
}

/** The isodose lines that are drawn: those chosen, else the usual ones; undefined where there is no dose. */
export function isodosesOf({ isodoses, description }: ShownOverlay): IsodoseChoice | undefined {
  return description?.dose && (isodoses ?? firstChoice(description.dose))
}

export function isodoseLevels(overlay: ShownOverlay): readonly number[] {
  const choice = isodosesOf(overlay)
  return choice && overlay.description?.dose ? levelsIn(choice, overlay.description.dose) : []
}

/** Called when the room is left. */
export function forgetOverlays(): void {
  for (const { address } of shownOverlays.get()) void closeOverlay(address).catch(() => undefined)
  shownOverlays.set([])
}

export type Fit = 'fits' | 'other-patient' | 'other-frame-of-reference' | 'other-images'

/** Whether an overlay may be drawn on a frame at all; where on it, and whether any part lies on this slice, is another question. */
export function fitOf(description: OverlayDescription, frame: Frame): Fit {
  const patientId = text(frame.dataSet, TAG.PatientID)
  if (patientId !== description.patientId) return 'other-patient'
  const { frameOfReferenceUid } = frame
  const common = frameOfReferenceUid !== undefined && description.frameOfReferenceUids.includes(frameOfReferenceUid)
  if (common && planeOf(frame)) return 'fits'
  if (description.sourceUids.includes(frame.sopInstanceUid)) {
    return description.rows === frame.rows && description.columns === frame.columns ? 'fits' : 'other-images'
  }
  return description.frameOfReferenceUids.length > 0 && !common ? 'other-frame-of-reference' : 'other-images'
}
