/** What the reader does with measurements right now, in all panes: which is chosen, which are hidden, what words are asked for. */
import type { components } from '../../../api/schema'
import { KINDS, type MeasurementKind } from '../../../measuring/measurement'
import type { SuvKind } from '../../../measuring/suv'
import { createStore } from '../../../kit/store'
import type { StackView } from '../../../viewport/stack-view'
import type { History } from '../history'

/** Words or a known length that a new measurement still needs. */
export interface Question {
  readonly studyInstanceUid: string
  readonly id: string
  readonly about: 'words' | 'length'
}

export interface Goal {
  readonly imageId: string
  /** How the image is to be shown when it is there. */
  readonly show?: (view: StackView) => void
}

export type State = components['schemas']['State']

export interface Desk {
  /** The chosen measurement, and the study of its image. */
  readonly chosen: { readonly studyInstanceUid: string; readonly id: string } | undefined
  readonly hidden: ReadonlySet<string>
  readonly allHidden: boolean
  /** Measurements of filed reports are drawn too. */
  readonly reported: boolean
  readonly question: Question | undefined
  readonly suv: SuvKind
  /** The image to go to, until it is on the screen. */
  readonly goal: Goal | undefined
  /** The saved view whose graphics are drawn over its images. */
  readonly shownState: State | undefined
  /** Images marked as key images and not filed yet, by image id. */
  readonly marked: readonly string[]
}

export const desk = createStore<Desk>({
  chosen: undefined,
  hidden: new Set(),
  allHidden: false,
  reported: true,
  question: undefined,
  suv: 'bw',
  goal: undefined,
  shownState: undefined,
  marked: [],
})

export const choose = (studyInstanceUid: string, id: string): void =>
  desk.set((now) => (now.chosen?.id === id ? now : { ...now, chosen: { studyInstanceUid, id } }))

export const chooseNone = (): void => desk.set((now) => ({ ...now, chosen: undefined }))

export function toggleHidden(id: string): void {
  desk.set((now) => {
    const hidden = new Set(now.hidden)
    if (!hidden.delete(id)) hidden.add(id)
    return { ...now, hidden }
  })
}

/** The history of the room that is open: what is done on a study beside it is undone there too. */
export const roomHistory = createStore<History | undefined>(undefined)

/** Marks an image as a key image, or takes the mark away. */
export function toggleMark(imageId: string): void {
  desk.set((now) => {
    const without = now.marked.filter((one) => one !== imageId)
    return { ...now, marked: without.length < now.marked.length ? without : [...now.marked, imageId] }
  })
}

/** The name of the tool that draws this kind. */
export const toolOf = (kind: MeasurementKind): string => kind

/** What the tool of this name draws; undefined for tools that are not ours. */
export function kindOf(tool: string): MeasurementKind | undefined {
  return KINDS.find((kind) => kind === tool)
}

export const goTo = (imageId: string, show?: Goal['show']): void => desk.set((now) => ({ ...now, goal: { imageId, show } }))
